//! The rules against the registries they come from, written down here a second time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use vestibule::base::http_client::{AddressPolicy, is_public};

/// IANA IPv4 Special-Purpose Address Registry and multicast, reserved space, cloud platforms.
const SPECIAL_V4: &[&str] = &[
    "0.0.0.0/8",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/32",
    "192.0.0.171/32",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.88.99.2/32",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "168.63.129.16/32",
    "169.254.169.254/32",
    "169.254.170.2/32",
    "100.100.100.200/32",
];

/// IANA IPv6 Special-Purpose Address Registry, everything that carries an IPv4 address, multicast, site-local.
const SPECIAL_V6: &[&str] = &[
    "::1/128",
    "::/128",
    "::/96",
    "::ffff:0:0/96",
    "::ffff:0:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fd00:ec2::254/128",
    "fd20:ce::254/128",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

/// What IANA has given to the registries of the regions, neighbours together.
const GIVEN_OUT: &[&str] = &[
    "2001:200::/23",
    "2001:400::/22",
    "2001:800::/21",
    "2001:1200::/23",
    "2001:1400::/22",
    "2001:1800::/21",
    "2001:2000::/19",
    "2001:4000::/21",
    "2001:4800::/22",
    "2001:4c00::/23",
    "2001:5000::/20",
    "2001:8000::/18",
    "2003::/18",
    "2400::/11",
    "2600::/12",
    "2610::/23",
    "2620::/23",
    "2630::/12",
    "2800::/12",
    "2a00::/11",
    "2c00::/12",
];

fn is_given_out(address: IpAddr) -> bool {
    GIVEN_OUT.iter().any(|range| range.parse::<IpNet>().unwrap().contains(&address))
}

fn within(range: &str, host: u128) -> IpAddr {
    match range.parse::<IpNet>().unwrap() {
        IpNet::V4(net) => {
            let mask = u32::from(net.hostmask());
            Ipv4Addr::from(u32::from(net.network()) | (host as u32 & mask)).into()
        }
        IpNet::V6(net) => Ipv6Addr::from(u128::from(net.network()) | (host & u128::from(net.hostmask()))).into(),
    }
}

fn is_special(address: IpAddr) -> bool {
    SPECIAL_V4.iter().chain(SPECIAL_V6).any(|range| range.parse::<IpNet>().unwrap().contains(&address))
}

proptest! {
    #[test]
    fn nothing_in_a_special_range_is_public(range in proptest::sample::select([SPECIAL_V4, SPECIAL_V6].concat()), host in any::<u128>()) {
        prop_assert!(!is_public(within(range, host)), "{range}");
    }

    #[test]
    fn an_ipv4_address_is_public_exactly_when_no_range_has_it(bits in any::<u32>()) {
        let address = Ipv4Addr::from(bits).into();
        prop_assert_eq!(is_public(address), !is_special(address), "{}", address);
    }

    #[test]
    fn an_ipv6_address_is_public_only_where_it_was_given_out(bits in any::<u128>()) {
        let address: IpAddr = Ipv6Addr::from(bits).into();
        prop_assert_eq!(is_public(address), is_given_out(address) && !is_special(address), "{}", address);
    }

    #[test]
    fn global_unicast_space_is_judged_range_by_range(bits in any::<u128>()) {
        let address = within("2000::/3", bits);
        prop_assert_eq!(is_public(address), is_given_out(address) && !is_special(address), "{}", address);
    }

    #[test]
    fn no_form_of_a_shut_ipv4_address_is_public(range in proptest::sample::select(SPECIAL_V4), host in any::<u128>(), prefix in proptest::sample::select(&["::", "::ffff:0:0", "64:ff9b::", "64:ff9b:1::"][..])) {
        let IpAddr::V4(v4) = within(range, host) else { unreachable!() };
        let base: Ipv6Addr = prefix.parse().unwrap();
        let form = Ipv6Addr::from(u128::from(base) | u128::from(u32::from(v4)));
        prop_assert!(!is_public(form.into()), "{form}");
        let six_to_four = Ipv6Addr::from((0x2002_u128 << 112) | (u128::from(u32::from(v4)) << 80));
        prop_assert!(!is_public(six_to_four.into()), "{six_to_four}");
        let teredo = Ipv6Addr::from((0x2001_0000_u128 << 96) | u128::from(!u32::from(v4)));
        prop_assert!(!is_public(teredo.into()), "{teredo}");
    }

    #[test]
    fn a_range_that_is_opened_opens_itself_and_nothing_else(host in any::<u128>(), other in any::<u32>()) {
        let policy = AddressPolicy::with_open(vec!["10.1.0.0/16".parse().unwrap()]);
        prop_assert!(policy.allows(within("10.1.0.0/16", host)));
        let other: IpAddr = Ipv4Addr::from(other).into();
        let opened = "10.1.0.0/16".parse::<IpNet>().unwrap().contains(&other);
        prop_assert_eq!(policy.allows(other), is_public(other) || opened);
    }
}

#[test]
fn the_edges_of_ranges_are_right() {
    for (text, public) in [
        ("9.255.255.255", true),
        ("10.0.0.0", false),
        ("10.255.255.255", false),
        ("11.0.0.0", true),
        ("100.63.255.255", true),
        ("100.64.0.0", false),
        ("100.127.255.255", false),
        ("100.128.0.0", true),
        ("126.255.255.255", true),
        ("128.0.0.0", true),
        ("172.15.255.255", true),
        ("172.31.255.255", false),
        ("172.32.0.0", true),
        ("192.0.1.0", true),
        ("198.17.255.255", true),
        ("198.19.255.255", false),
        ("198.20.0.0", true),
        ("223.255.255.255", true),
        ("224.0.0.0", false),
        ("168.63.129.15", true),
        ("168.63.129.16", false),
        ("168.63.129.17", true),
        ("1fff:ffff::", false),
        ("2000::", false),
        ("2001:1ff:ffff::", false),
        ("2001:200::", true),
        ("3ffe:ffff::", false),
        ("3fff:fff::", false),
        ("3fff:1000::", false),
        ("4000::", false),
        ("2606:4700::1111", true),
        ("8.8.8.8", true),
    ] {
        assert_eq!(is_public(text.parse().unwrap()), public, "{text}");
    }
}
