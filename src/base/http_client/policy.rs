//! Which addresses may be connected to. Pure: every rule is a range, and what no rule opens stays shut.
//!
//! The ranges are data: snapshots of IANA's registries stand beside this file, with their date. An IPv4 address is public unless a range
//! says otherwise; an IPv6 address is public only where IANA has given the space to a registry, and no range says otherwise.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const UNICAST_V6: &str = include_str!("iana_ipv6_unicast.csv");
const SPECIAL: &str = include_str!("iana_special.csv");

/// Addresses that tell a machine its own credentials, at the clouds that have them; no setting opens them.
const METADATA: [&str; 13] = [
    "100.100.100.200",    // Alibaba Cloud
    "168.63.129.16",      // Azure
    "169.254.42.42",      // Scaleway
    "169.254.169.254",    // nearly all
    "169.254.170.2",      // Amazon ECS
    "169.254.170.23",     // Amazon EKS
    "192.0.0.192",        // Oracle Cloud Classic
    "fd00:42::42",        // Scaleway
    "fd00:c1::a9fe:a9fe", // Oracle Cloud
    "fd00:ec2::254",      // Amazon EC2
    "fd00:ec2::23",       // Amazon EKS
    "fd20:ce::254",       // Google Cloud
    "fe80::a9fe:a9fe",    // OpenStack
];

/// What the registries say.
struct Registries {
    given_out: Vec<Ipv6Net>,
    shut_v4: Vec<Ipv4Net>,
    shut_v6: Vec<Ipv6Net>,
    metadata: Vec<IpAddr>,
}

static REGISTRIES: LazyLock<Registries> = LazyLock::new(|| {
    let special: Vec<IpNet> = rows(SPECIAL).filter_map(|row| row.first()?.parse().ok()).collect();
    let v4 = |net: &IpNet| if let IpNet::V4(net) = net { Some(*net) } else { None };
    let v6 = |net: &IpNet| if let IpNet::V6(net) = net { Some(*net) } else { None };
    let given_out = rows(UNICAST_V6).filter(|row| row.last() == Some(&"ALLOCATED"));
    Registries {
        given_out: given_out.filter_map(|row| row.first()?.parse().ok()).collect(),
        shut_v4: special.iter().filter_map(v4).collect(),
        shut_v6: special.iter().filter_map(v6).collect(),
        metadata: METADATA.iter().filter_map(|text| text.parse().ok()).collect(),
    }
});

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(',').collect())
}

/// The rules of one installation.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    open: Vec<IpNet>,
}

impl AddressPolicy {
    /// Public addresses, and beside them the ranges the operator has opened by name.
    pub fn with_open(open: Vec<IpNet>) -> Self {
        Self { open }
    }

    /// Whether this address may be connected to. What tells a machine its credentials may not, whatever is open.
    pub fn allows(&self, address: IpAddr) -> bool {
        !is_metadata(address) && (is_public(address) || self.open.iter().any(|range| range.contains(&address)))
    }
}

/// Whether an address is public unicast.
pub fn is_public(address: IpAddr) -> bool {
    let Registries { given_out, shut_v4, shut_v6, .. } = &*REGISTRIES;
    match address {
        IpAddr::V4(address) => !shut_v4.iter().any(|range| range.contains(&address)),
        IpAddr::V6(address) => {
            given_out.iter().any(|range| range.contains(&address))
                && !shut_v6.iter().any(|range| range.contains(&address))
        }
    }
}

/// Whether an address hands out the credentials of the machine that asks, in whatever form an IPv6 address carries an IPv4 one.
fn is_metadata(address: IpAddr) -> bool {
    let known = |address: IpAddr| REGISTRIES.metadata.contains(&address);
    known(address)
        || matches!(address, IpAddr::V6(address) if carried(address).into_iter().any(|inner| known(inner.into())))
}

/// The IPv4 addresses that an IPv6 address may stand for: at its end (mapped, compatible, translated), behind 2002: (6to4), turned around
/// at the end (Teredo), and where RFC 6052 puts them for shorter prefixes.
fn carried(address: Ipv6Addr) -> [Ipv4Addr; 8] {
    let bits = u128::from(address);
    let part = |shift: u32| Ipv4Addr::from(u32::try_from((bits >> shift) & u128::from(u32::MAX)).unwrap_or_default());
    // Bits 64 to 71 are left out of an address that goes across them.
    let across = |before: u32| {
        let head = (bits >> 64) & ((1 << before) - 1);
        let tail = (bits >> (24 + before)) & ((1 << (32 - before)) - 1);
        Ipv4Addr::from(u32::try_from((head << (32 - before)) | tail).unwrap_or_default())
    };
    let last = part(0);
    [last, part(80), Ipv4Addr::from(!u32::from(last)), part(64), across(24), across(16), across(8), part(24)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_registries_is_read() {
        let lines = |table: &str| table.lines().filter(|line| !line.starts_with('#')).count();
        let given = UNICAST_V6.lines().filter(|line| line.ends_with(",ALLOCATED")).count();
        assert_eq!(REGISTRIES.given_out.len(), given);
        assert!(given >= 30);
        assert_eq!(REGISTRIES.shut_v4.len() + REGISTRIES.shut_v6.len(), lines(SPECIAL));
        assert_eq!(REGISTRIES.metadata.len(), METADATA.len());
        for row in rows(UNICAST_V6) {
            let [prefix, _, _, "ALLOCATED" | "RESERVED" | "SPECIAL"] = row[..] else { panic!("{row:?}") };
            assert!(prefix.parse::<Ipv6Net>().is_ok_and(|net| net.trunc() == net), "{prefix}");
        }
        for row in rows(SPECIAL) {
            assert!(row[0].parse::<IpNet>().is_ok_and(|net| net.trunc() == net), "{row:?}");
        }
    }

    #[test]
    fn no_setting_opens_metadata_in_any_form() {
        let all = AddressPolicy::with_open(vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
        for text in METADATA {
            assert!(!all.allows(text.parse().unwrap()), "{text}");
        }
        // RFC 6052 section 2.4 puts 169.254.169.254 into prefixes of 32, 40, 48, 56, 64 and 96 bits.
        for text in [
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "2001:0:1:2:3:4:5601:5601",
            "2001:db8:a9fe:a9fe::",
            "2001:db8:1a9:fea9:fe::",
            "2001:db8:122:a9fe:a9:fe00::",
            "2001:db8:122:3a9:fe:a9fe::",
            "2001:db8:122:344:a9:fea9:fe00::",
            "2001:db8:122:344::a9fe:a9fe",
        ] {
            assert!(!all.allows(text.parse().unwrap()), "{text}");
        }
        for text in ["169.254.1.1", "169.254.169.253", "10.0.0.1", "::1", "fd00::1", "64:ff9b::a00:1"] {
            assert!(all.allows(text.parse().unwrap()), "{text}");
        }
    }
}
