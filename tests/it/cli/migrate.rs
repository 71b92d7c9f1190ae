use crate::support::installation::Installation;

#[test]
fn migrate_says_how_many_and_then_nothing() {
    let here = Installation::new();
    let first = here.run(&["migrate"]).good().out;
    assert!(first.trim_end().ends_with(" migrations done."), "{first}");
    assert!(here.run(&["migrate"]).good().out.contains("nothing to do"));
}
