//! Which addresses may be connected to. Pure: every rule is a range, and what no rule opens stays shut.
//!
//! Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), the IPv6 address space registry (only 2000::/3 is
//! given out as global unicast), and the metadata addresses of cloud providers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(first: u16, second: u16, third: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0), length)
}

/// IPv4 ranges that are not the public internet, or only look like it.
const SHUT_V4: [Ipv4Net; 20] = [
    v4(0, 0, 0, 0, 8),          // this network
    v4(10, 0, 0, 0, 8),         // private
    v4(100, 64, 0, 0, 10),      // shared with carriers
    v4(127, 0, 0, 0, 8),        // loopback
    v4(168, 63, 129, 16, 32),   // the platform address of Azure
    v4(169, 254, 0, 0, 16),     // link-local, with the metadata address
    v4(172, 16, 0, 0, 12),      // private
    v4(192, 0, 0, 0, 24),       // protocol assignments
    v4(192, 0, 2, 0, 24),       // documentation
    v4(192, 31, 196, 0, 24),    // AS112
    v4(192, 52, 193, 0, 24),    // AMT
    v4(192, 88, 99, 0, 24),     // 6to4 relays, withdrawn
    v4(192, 168, 0, 0, 16),     // private
    v4(192, 175, 48, 0, 24),    // AS112
    v4(198, 18, 0, 0, 15),      // benchmarks
    v4(198, 51, 100, 0, 24),    // documentation
    v4(203, 0, 113, 0, 24),     // documentation
    v4(224, 0, 0, 0, 4),        // multicast
    v4(240, 0, 0, 0, 4),        // reserved
    v4(255, 255, 255, 255, 32), // broadcast
];

/// The only IPv6 space that is given out as global unicast. Mapped, compatible and translated IPv4 (::/96, ::ffff:0:0/96,
/// 64:ff9b::/96, 64:ff9b:1::/48), unique local (with fd00:ec2::254), link-local and multicast all lie outside.
const PUBLIC_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// Ranges inside it that are something else.
const SHUT_V6: [Ipv6Net; 5] = [
    v6(0x2001, 0, 0, 23),         // protocol assignments: Teredo, benchmarks, ORCHID
    v6(0x2001, 0xdb8, 0, 32),     // documentation
    v6(0x2002, 0, 0, 16),         // 6to4
    v6(0x2620, 0x4f, 0x8000, 48), // AS112
    v6(0x3fff, 0, 0, 20),         // documentation
];

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

    /// Whether this address may be connected to.
    pub fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || self.open.iter().any(|range| range.contains(&address))
    }
}

/// Whether an address is public unicast.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SHUT_V4.iter().any(|range| range.contains(&address)),
        IpAddr::V6(address) => PUBLIC_V6.contains(&address) && !SHUT_V6.iter().any(|range| range.contains(&address)),
    }
}
