//! The reader of Rust text that the rules stand on.

use crate::support::scanner::{Scan, line};

#[test]
fn texts_comments_and_characters_are_no_code() {
    let scan = Scan::new(
        "let a = \"// no { comment \\\" here\"; // a { comment\nlet b = 'x'; let c = '\\''; let d: &'static str = r#\"raw \"{\"#; /* } /* } */ */ b\"\\\"{\"; '{'",
    );
    assert!(!scan.code.contains('{') && !scan.code.contains('}') && !scan.code.contains("comment"), "{}", scan.code);
    assert!(scan.code.contains("let b =") && scan.code.contains("&'static str ="), "{}", scan.code);
    let texts: Vec<&str> = scan.texts.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["// no { comment \\\" here", "raw \"{", "\\\"{"]);
    assert_eq!(scan.code.matches('\n').count(), 1);
}

#[test]
fn functions_end_where_their_braces_close() {
    let text = "trait T { fn none(&self) -> [u8; 2]; }\nimpl X {\n    const fn one<F: Fn() -> u8>(f: F) -> u8\n    where\n        F: Copy,\n    {\n        if true { '}'; \"}\"; }\n        f()\n    }\n}\ntype P = fn(u8);\nfn two() { fn inner() {} }";
    let functions = Scan::new(text).functions();
    let spans: Vec<(&str, usize, usize)> =
        functions.iter().map(|f| (f.name.as_str(), line(text, f.span.start), line(text, f.span.end - 1))).collect();
    assert_eq!(spans, [("one", 3, 9), ("two", 12, 12), ("inner", 12, 12)]);
}

#[test]
fn what_is_for_tests_only_is_no_product() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { c.unwrap(); }\n}\nfn d() {}\n#[cfg(test)]\nuse x::y;\nfn e() {}";
    let scan = Scan::new(text);
    let product = scan.product();
    assert!(product.contains("fn a") && product.contains("fn d") && product.contains("fn e"));
    assert!(!product.contains("unwrap") && !product.contains("use x"), "{product}");
    assert!(scan.is_test(text.find("unwrap").unwrap()) && !scan.is_test(text.find("fn d").unwrap()));
}
