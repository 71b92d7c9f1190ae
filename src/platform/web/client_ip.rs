//! Who is calling: the peer's address, or what a trusted proxy says of it.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use ipnet::IpNet;

/// The caller's address. `X-Forwarded-For` is read from the right, and only as far as the addresses are trusted proxies.
pub fn client_ip(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let chain: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    walk(peer, &chain, trusted)
}

fn walk(peer: IpAddr, chain: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|net| net.contains(&ip.to_canonical()));
    let mut client = peer.to_canonical();
    for hop in chain.iter().rev() {
        if !is_trusted(client) {
            break;
        }
        match hop.parse::<IpAddr>() {
            Ok(ip) => client = ip.to_canonical(),
            Err(_) => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        assert_eq!(walk(ip("203.0.113.9"), &["1.2.3.4"], &trusted), ip("203.0.113.9"));
        assert_eq!(walk(ip("10.0.0.2"), &["1.2.3.4"], &trusted), ip("1.2.3.4"));
        assert_eq!(walk(ip("10.0.0.2"), &["6.6.6.6", "1.2.3.4", "10.0.0.3"], &trusted), ip("1.2.3.4"));
        assert_eq!(walk(ip("::ffff:10.0.0.2"), &["nonsense"], &trusted), ip("10.0.0.2"));
        assert_eq!(walk(ip("10.0.0.2"), &[], &[]), ip("10.0.0.2"));
    }
}
