//! Hosts of addresses in every spelling, with the verdict each must get: the edges of every range of the registries, what lies between what
//! was given out, and IPv4 addresses inside IPv6 ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::{any, prop_assert_eq, proptest};
use vestibule::base::http_client::{AddressPolicy, GuardedClient, HttpsUrl, Resolver, is_public};

/// Taken.
const PUBLIC: &str = "
[2001:200::1] [2001:3ff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:400::1] [2001:5ff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:600::1]
[2001:7ff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:800::1] [2001:bff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:c00::1]
[2001:dff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:e00::1] [2001:fff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:1200::1]
[2001:13ff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:1400::1] [2001:17ff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:1800::1]
[2001:19ff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:1a00::1] [2001:1bff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:1c00::1]
[2001:1fff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:2000::1] [2001:3fff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:4000::1]
[2001:41ff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:4200::1] [2001:43ff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:4400::1]
[2001:45ff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:4600::1] [2001:47ff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:4800::1]
[2001:49ff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:4a00::1] [2001:4bff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:4c00::1]
[2001:4dff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:5000::1] [2001:5fff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:8000::1]
[2001:9fff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:a000::1] [2001:afff:ffff:ffff:ffff:ffff:ffff:ffff] [2001:b000::1]
[2001:bfff:ffff:ffff:ffff:ffff:ffff:ffff] [2003::1] [2003:3fff:ffff:ffff:ffff:ffff:ffff:ffff] [2400::1]
[240f:ffff:ffff:ffff:ffff:ffff:ffff:ffff] [2410::1] [241f:ffff:ffff:ffff:ffff:ffff:ffff:ffff] [2600::1]
[260f:ffff:ffff:ffff:ffff:ffff:ffff:ffff] [2610::1] [2610:1ff:ffff:ffff:ffff:ffff:ffff:ffff] [2620::1]
[2620:1ff:ffff:ffff:ffff:ffff:ffff:ffff] [2630::1] [263f:ffff:ffff:ffff:ffff:ffff:ffff:ffff] [2800::1]
[280f:ffff:ffff:ffff:ffff:ffff:ffff:ffff] [2a00::1] [2a0f:ffff:ffff:ffff:ffff:ffff:ffff:ffff] [2a10::1]
[2a1f:ffff:ffff:ffff:ffff:ffff:ffff:ffff] [2c00::1] [2c0f:ffff:ffff:ffff:ffff:ffff:ffff:ffff] 1.0.0.0 9.255.255.255 11.0.0.0
100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255
172.32.0.0 191.255.255.255 192.0.1.0 192.0.1.255 192.0.3.0 192.31.195.255 192.31.197.0 192.52.192.255 192.52.194.0
192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 192.175.47.255 192.175.49.0 198.17.255.255 198.20.0.0 198.51.99.255
198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 1.1.1.1 8.8.4.4 9.9.9.9 93.184.216.34 172.217.16.14 192.0.1.1
198.51.99.1 134744072 0x8080808 01002004010 0x8.0x8.0x8.0x8 010.010.010.010 8.526344 8.8.2056 0x8.8.010.8 8.8.8.8.
%38.%38.%38.%38 8%2e8%2e8%2e8 8。8。8。8 ８.８.８.８ 1572395042 0x5db8d822 013556154042 0x5d.0xb8.0xd8.0x22 0135.0270.0330.042
93.12113954 93.184.55330 0x5D.184.0330.34 93.184.216.34. %39%33.%31%38%34.%32%31%36.%33%34 93%2e184%2e216%2e34 93。184。216。34
９３.１８４.２１６.３４
";

/// Private, special, given to nobody, or returned.
const NOT_PUBLIC: &str = "
127.0.0.0x [2000::] [2000::1] [2000:ffff::1] [2001:1000::1] [2001:11ff:ffff::1] [2001:4e00::1] [2001:4fff::1] [2001:6000::1]
[2001:7fff::1] [2001:c000::1] [2001:ffff::1] [2003:4000::1] [2003:ffff::1] [2004::1] [2005::53] [2100::1] [2200::1] [2300::1]
[23ff:ffff::1] [2420::1] [2500::1] [25ff::1] [2610:200::1] [261f::1] [2620:200::1] [262f::1] [2640::1] [2700::1] [27ff::1]
[2810::1] [28ff::1] [2900::1] [2a20::1] [2aff::1] [2b00::1] [2c10::1] [2cff::1] [2d00::1] [2dff::1] [2e00::1] [2f00::1]
[2fff::1] [3000::1] [3123::1] [3ffd::1] [3ffe::1] [3ffe:1900::1] [3ffe:b00::1] [3ffe:ffff::1] [3fff::1] [3fff:fff::1]
[3fff:1000::1] [3fff:ffff::1] [4000::1] [5f00::1] [5fff::1] [6000::1] [8000::1] [a000::1] [c000::1] [e000::1] [f000::1]
[f800::1] [fbff::1] [::2] [::ffff] [::1:0] [::1:0:0] [::ffff:1:2:3] [0:1::1] [100::1] [100:0:0:1::1] [100:0:0:2::1] [200::1]
[400::1] [64:ff9b::1] [64:ff9b:1::1] [64:ff9b:1:ffff::1] [64:ff9b:2::1] [64:ff9a::1] [2001::1] [2001:0:ffff::1] [2001:1::1]
[2001:1::2] [2001:1::3] [2001:2::1] [2001:3::1] [2001:4:112::1] [2001:5::1] [2001:10::1] [2001:1f:ffff::1] [2001:20::1]
[2001:2f::1] [2001:30::1] [2001:3f::1] [2001:100::1] [2001:1ff:ffff::1] [2001:db8::1] [2001:db8:ffff::1] [2002::1]
[2002:808:808::1] [2002:ffff:ffff::1] [2620:4f:8000::1] [2620:4f:8000:ffff::1] [fc00::1] [fcff::1] [fd00::1] [fdff:ffff::1]
[fe80::1] [fe80:ffff::1] [febf::1] [fec0::1] [feff::1] [ff00::1] [ff01::1] [ff02::fb] [ff05::1] [ff0e::1] [ffff::1]
[fd00:ec2::254] [fd00:ec2::23] [fd20:ce::254] [fd00:c1::a9fe:a9fe] [fd00:42::42] [fe80::a9fe:a9fe] [::ffff:127.0.0.1]
[::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:1::127.0.0.1] [2002:7f00:1::] [2001:0:4136:e378:8000:63bf:80ff:fffe]
[::ffff:0:127.0.0.1] [::ffff:10.0.0.1] [::10.0.0.1] [64:ff9b::a00:1] [64:ff9b:1::10.0.0.1] [2002:a00:1::]
[2001:0:4136:e378:8000:63bf:f5ff:fffe] [::ffff:0:10.0.0.1] [::ffff:172.16.0.1] [::172.16.0.1] [64:ff9b::ac10:1]
[64:ff9b:1::172.16.0.1] [2002:ac10:1::] [2001:0:4136:e378:8000:63bf:53ef:fffe] [::ffff:0:172.16.0.1] [::ffff:192.168.1.1]
[::192.168.1.1] [64:ff9b::c0a8:101] [64:ff9b:1::192.168.1.1] [2002:c0a8:101::] [2001:0:4136:e378:8000:63bf:3f57:fefe]
[::ffff:0:192.168.1.1] [::ffff:169.254.169.254] [::169.254.169.254] [64:ff9b::a9fe:a9fe] [64:ff9b:1::169.254.169.254]
[2002:a9fe:a9fe::] [2001:0:4136:e378:8000:63bf:5601:5601] [::ffff:0:169.254.169.254] [::ffff:100.64.0.1] [::100.64.0.1]
[64:ff9b::6440:1] [64:ff9b:1::100.64.0.1] [2002:6440:1::] [2001:0:4136:e378:8000:63bf:9bbf:fffe] [::ffff:0:100.64.0.1]
[::ffff:0.0.0.0] [::0.0.0.0] [64:ff9b::0:0] [64:ff9b:1::0.0.0.0] [2002:0:0::] [2001:0:4136:e378:8000:63bf:ffff:ffff]
[::ffff:0:0.0.0.0] [::ffff:8.8.8.8] [::8.8.8.8] [64:ff9b::808:808] [64:ff9b:1::8.8.8.8] [2002:808:808::]
[2001:0:4136:e378:8000:63bf:f7f7:f7f7] [::ffff:0:8.8.8.8] [::ffff:224.0.0.1] [::224.0.0.1] [64:ff9b::e000:1]
[64:ff9b:1::224.0.0.1] [2002:e000:1::] [2001:0:4136:e378:8000:63bf:1fff:fffe] [::ffff:0:224.0.0.1] [::ffff:255.255.255.255]
[::255.255.255.255] [64:ff9b::ffff:ffff] [64:ff9b:1::255.255.255.255] [2002:ffff:ffff::] [2001:0:4136:e378:8000:63bf:0:0]
[::ffff:0:255.255.255.255] 0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.0 127.255.255.255
168.63.129.16 169.254.0.0 169.254.255.255 172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.255 192.0.0.7 192.0.0.8 192.0.0.9
192.0.0.10 192.0.0.170 192.0.0.171 192.0.2.0 192.0.2.255 192.31.196.0 192.31.196.255 192.52.193.0 192.52.193.255 192.88.99.0
192.88.99.255 192.88.99.2 192.168.0.0 192.168.255.255 192.175.48.0 192.175.48.255 198.18.0.0 198.19.255.255 198.51.100.0
198.51.100.255 203.0.113.0 203.0.113.255 224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.255 2130706433 0x7f000001
017700000001 0x7f.0x0.0x0.0x1 0177.00.00.01 127.1 127.0.1 0x7F.0.00.1 127.0.0.1. %31%32%37.%30.%30.%31 127%2e0%2e0%2e1
127。0。0。1 １２７.０.０.１ 2852039166 0xa9fea9fe 025177524776 0xa9.0xfe.0xa9.0xfe 0251.0376.0251.0376 169.16689662 169.254.43518
0xA9.254.0251.254 169.254.169.254. %31%36%39.%32%35%34.%31%36%39.%32%35%34 169%2e254%2e169%2e254 169。254。169。254
１６９.２５４.１６９.２５４ 167838211 0xa010203 01200201003 0xa.0x1.0x2.0x3 012.01.02.03 10.66051 10.1.515 0xA.1.02.3 10.1.2.3.
%31%30.%31.%32.%33 10%2e1%2e2%2e3 10。1。2。3 １０.１.２.３ 3232235777 0xc0a80101 030052000401 0xc0.0xa8.0x1.0x1 0300.0250.01.01
192.11010305 192.168.257 0xC0.168.01.1 192.168.1.1. %31%39%32.%31%36%38.%31.%31 192%2e168%2e1%2e1 192。168。1。1 １９２.１６８.１.１
2822734096 0xa83f8110 025017700420 0xa8.0x3f.0x81.0x10 0250.077.0201.020 168.4161808 168.63.33040 0xA8.63.0201.16
168.63.129.16. %31%36%38.%36%33.%31%32%39.%31%36 168%2e63%2e129%2e16 168。63。129。16 １６８.６３.１２９.１６ 1684301000 0x646464c8
014431062310 0x64.0x64.0x64.0xc8 0144.0144.0144.0310 100.6579400 100.100.25800 0x64.100.0144.200 100.100.100.200.
%31%30%30.%31%30%30.%31%30%30.%32%30%30 100%2e100%2e100%2e200 100。100。100。200 １００.１００.１００.２００ 2887712777 0xac1f0009
025407600011 0xac.0x1f.0x0.0x9 0254.037.00.011 172.2031625 172.31.9 0xAC.31.00.9 172.31.0.9. %31%37%32.%33%31.%30.%39
172%2e31%2e0%2e9 172。31。0。9 １７２.３１.０.９ [0:0:0:0:0:ffff:7f00:1] [0000:0000:0000:0000:0000:ffff:a9fe:a9fe] [::FFFF:A9FE:A9FE]
[FE80::A9FE:A9FE] [3FFE::1] [3ffe:0:0:0:0:0:0:1]
";

/// No address at all.
const UNREADABLE: &str = "
[::1%25lo] [::1%lo] [fe80::1%251] [::ffff:256.0.0.1] [::ffff:1.2.3] [1:2:3:4:5:6:7] [1:2:3:4:5:6:7:8:9] [:::1] [::1::]
[0x7f::1] 256.256.256.256 127.0.0.256 0x100.0.0.1 1.2.3.4.5 1..2.3 0x1ffffffff 09.0.0.1 127.0.0.1%00 127.0.0.1%0a
127.0.0.1%20 127.0.0.1%2f 127.0.0.1%5c 127.0.0.1%3a80 127.0.0.1%23 %5b::1%5d 127.0.0.1%zz [::1]x [::1]. [::ffff:0x7f.0.0.1]
[::ffff:0177.0.0.1]
";

async fn verdict(client: &GuardedClient, host: &str) -> &'static str {
    match HttpsUrl::parse(&format!("https://{host}/")) {
        Ok(url) => client.judge(&url).await.err().map_or("", |problem| problem.code()),
        Err(problem) => problem.code(),
    }
}

fn client() -> GuardedClient {
    let nobody = Resolver::Fixed(std::sync::Arc::new(|_: &str| Vec::new()));
    GuardedClient::new(AddressPolicy::default(), nobody, None).unwrap()
}

#[tokio::test]
async fn every_spelling_gets_its_verdict() {
    let client = client();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (hosts, due) in [(PUBLIC, ""), (NOT_PUBLIC, "url_not_public"), (UNREADABLE, "url_unreadable")] {
        for host in hosts.split_whitespace() {
            count += 1;
            let given = verdict(&client, host).await;
            if given != due {
                wrong.push(format!("{host}: {given:?} instead of {due:?}"));
            }
        }
    }
    assert!(count >= 300, "{count}");
    assert!(wrong.is_empty(), "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The ways in which a browser takes an IPv4 address.
fn spellings(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let whole = u32::from(address);
    vec![
        address.to_string(),
        whole.to_string(),
        format!("{whole:#x}"),
        format!("0{whole:o}"),
        format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("{a}.{}", whole & 0xff_ffff),
        format!("{a}.{b}.{}", whole & 0xffff),
        format!("{address}."),
        address.to_string().replace('.', "%2E"),
        address.to_string().replace('.', "\u{3002}"),
        address.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect(),
    ]
}

proptest! {
    #[test]
    fn an_address_is_judged_alike_however_it_is_spelled(bits in any::<u32>(), inside in proptest::bool::ANY) {
        // Half of them from ranges that are not public.
        let address = Ipv4Addr::from(if inside { 0x0a00_0000 | (bits & 0xff_ffff) } else { bits });
        let client = client();
        for host in spellings(address) {
            let given = futures_util::FutureExt::now_or_never(verdict(&client, &host)).unwrap();
            prop_assert_eq!(given.is_empty(), is_public(address.into()), "{}", host);
        }
    }

    #[test]
    fn an_ipv6_address_in_a_url_is_judged_as_the_address(bits in any::<u128>(), near in proptest::bool::ANY) {
        let address = Ipv6Addr::from(if near { (bits & (u128::MAX >> 3)) | (1 << 125) } else { bits });
        let client = client();
        let given = futures_util::FutureExt::now_or_never(verdict(&client, &format!("[{address}]"))).unwrap();
        prop_assert_eq!(given.is_empty(), is_public(IpAddr::from(address)), "{}", address);
    }
}
