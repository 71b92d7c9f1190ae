//! The lightest client there is, so that the server is what is measured: one socket, one request at a time, keep-alive.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

pub struct Client {
    socket: TcpStream,
    buffer: Vec<u8>,
    /// A whole header line, or nothing.
    cookie: String,
}

impl Client {
    pub fn new(server: SocketAddr) -> Self {
        let socket = TcpStream::connect(server).unwrap();
        socket.set_nodelay(true).unwrap();
        Self { socket, buffer: Vec::with_capacity(128 * 1024), cookie: String::new() }
    }

    /// The same with cookies: `name=value; name=value`.
    pub fn with_cookie(self, pairs: &str) -> Self {
        Self { cookie: format!("cookie: {pairs}\r\n"), ..self }
    }

    /// Signs in through the page; gives the cookies of the session.
    pub fn sign_in(mut self, email: &str, password: &str) -> String {
        self.get("/sign-in");
        let page = String::from_utf8_lossy(&self.buffer).into_owned();
        let token = page.split("name=\"_csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let pairs = [("_csrf", token), ("email", email), ("password", password)];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let mut signing_in = self.with_cookie(&cookies(&page));
        assert_eq!(signing_in.post("/sign-in", &body).0, 303);
        cookies(&String::from_utf8_lossy(&signing_in.buffer))
    }

    pub fn get(&mut self, path: &str) -> (u16, usize) {
        let cookie = &self.cookie;
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nhost: bench\r\nuser-agent: Mozilla/5.0 bench\r\naccept-language: en\r\n{cookie}\r\n"
        ))
    }

    pub fn post(&mut self, path: &str, body: &str) -> (u16, usize) {
        let (length, cookie) = (body.len(), &self.cookie);
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\nsec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n{cookie}\r\n{body}"
        ))
    }

    /// Status and size of the body.
    fn send(&mut self, request: &str) -> (u16, usize) {
        self.socket.write_all(request.as_bytes()).unwrap();
        self.buffer.clear();
        let mut chunk = [0_u8; 65_536];
        loop {
            let read = self.socket.read(&mut chunk).unwrap();
            assert!(read > 0, "the server closed the connection");
            self.buffer.extend_from_slice(&chunk[..read]);
            let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&self.buffer[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |text| text.trim().parse().unwrap());
            if self.buffer.len() >= end + 4 + length {
                return (head.split(' ').nth(1).unwrap().parse().unwrap(), length);
            }
        }
    }
}

/// The cookies that an answer sets and that are not taken back.
fn cookies(answer: &str) -> String {
    let set = answer.lines().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let pair = value.split(';').next()?;
        (name.eq_ignore_ascii_case("set-cookie") && !pair.ends_with('=')).then(|| pair.to_owned())
    });
    set.collect::<Vec<_>>().join("; ")
}
