//! A mail server that does with each mail what the test has told it to: it takes, refuses, stalls, hangs up, or is slow.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one mail to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpDeed {
    /// It takes it.
    Take,
    /// It takes it after a while.
    TakeAfter(Duration),
    /// It refuses the receiver for good.
    Refuse,
    /// It refuses the receiver for now.
    Later,
    /// It hears the mail and refuses it for good.
    RefuseContent,
    /// It hears the mail and refuses it for now.
    LaterContent,
    /// It says nothing to the receiver's address.
    Hang,
    /// It hears the mail and hangs up without a word.
    DropHeard,
    /// It hears the mail and says nothing, ever; the test is told.
    HoldHeard,
}

/// A mail the server heard to its end.
#[derive(Clone, Debug)]
pub struct HeardMail {
    pub to: String,
    pub content: String,
    /// What it answered, or did not.
    pub deed: SmtpDeed,
}

impl HeardMail {
    /// The text of a header.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.content.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let mut lines = head.lines();
        lines.find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
    }
}

#[derive(Default)]
struct SmtpState {
    scripts: BTreeMap<String, VecDeque<SmtpDeed>>,
    usual: BTreeMap<String, SmtpDeed>,
    heard: Vec<HeardMail>,
    tries: BTreeMap<String, usize>,
    silent: bool,
}

/// The server, on a port and a thread of its own.
pub struct ScriptedSmtp {
    pub port: u16,
    state: Arc<Mutex<SmtpState>>,
    held: tokio::sync::watch::Receiver<usize>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl ScriptedSmtp {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<Mutex<SmtpState>>::default();
        let (tell, held) = tokio::sync::watch::channel(0);
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                let tell = Arc::new(tell);
                let serve = async {
                    loop {
                        let (stream, _) = listener.accept().await.unwrap();
                        let (state, tell) = (Arc::clone(&shared), Arc::clone(&tell));
                        // A caller who hangs up ends the talk.
                        tokio::spawn(async move { talk(stream, &state, &tell).await.ok() });
                    }
                };
                tokio::select! { () = serve => {}, _ = stopped => {} }
            });
        });
        Self { port, state, held, stop: Some(stop) }
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// What it does with the next mails to an address, one after the other; after them it takes everything.
    pub fn script(&self, to: &str, deeds: &[SmtpDeed]) {
        self.state.lock().unwrap().scripts.insert(to.to_owned(), deeds.iter().copied().collect());
    }

    /// What it does with every mail to an address.
    pub fn always(&self, to: &str, deed: SmtpDeed) {
        self.state.lock().unwrap().usual.insert(to.to_owned(), deed);
    }

    /// From now on it greets nobody.
    pub fn fall_silent(&self) {
        self.state.lock().unwrap().silent = true;
    }

    /// The mails it heard to their end.
    pub fn heard(&self) -> Vec<HeardMail> {
        self.state.lock().unwrap().heard.clone()
    }

    /// How often somebody wanted to send a mail to an address.
    pub fn tries(&self, to: &str) -> usize {
        self.state.lock().unwrap().tries.get(to).copied().unwrap_or(0)
    }

    /// Resolves when it holds one more mail than `before`.
    pub async fn holds_more_than(&self, before: usize) {
        self.held.clone().wait_for(|held| *held > before).await.unwrap();
    }

    /// How many mails it has held so far.
    pub fn held(&self) -> usize {
        *self.held.borrow()
    }
}

impl Drop for ScriptedSmtp {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

async fn talk(
    stream: TcpStream,
    state: &Mutex<SmtpState>,
    tell: &tokio::sync::watch::Sender<usize>,
) -> std::io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    if state.lock().unwrap().silent {
        return std::future::pending().await;
    }
    writing.write_all(b"220 mail.test\r\n").await?;
    let (mut to, mut deed) = (String::new(), SmtpDeed::Take);
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-mail.test\r\n250 8BITMIME\r\n",
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                deed = next_deed(state, &to);
                match deed {
                    SmtpDeed::Refuse => "550 5.1.1 nobody has this address\r\n",
                    SmtpDeed::Later => "451 4.7.1 come back later\r\n",
                    SmtpDeed::Hang => return std::future::pending().await,
                    _ => "250 go on\r\n",
                }
            }
            "DATA" => {
                writing.write_all(b"354 go on\r\n").await?;
                let mut content = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    content.push_str(&line);
                    content.push_str("\r\n");
                }
                state.lock().unwrap().heard.push(HeardMail { to: to.clone(), content, deed });
                match deed {
                    SmtpDeed::DropHeard => return Ok(()),
                    SmtpDeed::HoldHeard => {
                        tell.send_modify(|held| *held += 1);
                        return std::future::pending().await;
                    }
                    SmtpDeed::RefuseContent => "554 5.7.1 not this\r\n",
                    SmtpDeed::LaterContent => "452 4.3.1 no room now\r\n",
                    SmtpDeed::TakeAfter(while_) => {
                        tokio::time::sleep(while_).await;
                        "250 taken\r\n"
                    }
                    _ => "250 taken\r\n",
                }
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 fine\r\n",
        };
        writing.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

fn next_deed(state: &Mutex<SmtpState>, to: &str) -> SmtpDeed {
    let mut state = state.lock().unwrap();
    *state.tries.entry(to.to_owned()).or_default() += 1;
    let scripted = state.scripts.get_mut(to).and_then(VecDeque::pop_front);
    scripted.or_else(|| state.usual.get(to).copied()).unwrap_or(SmtpDeed::Take)
}
