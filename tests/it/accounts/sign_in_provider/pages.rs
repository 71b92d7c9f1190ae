//! What every page owes to everybody, on the pages of signing in through a provider.

use super::{SETTINGS, Scene, WITH, begin, begin_test, save};
use crate::support::Page;
use crate::templates::checks::problems;

/// A name that tries to break out of wherever it is put.
const ODD: &str = "\"><script>alert(1)</script> {{7*7}} & 😀";

fn wrong(page: &Page, status: u16) -> Vec<String> {
    assert_eq!(page.status, status, "{}: {}", page.path, page.text());
    problems(page)
}

#[tokio::test]
async fn every_page_in_every_state() {
    let scene = Scene::bare().await;
    let issuer = scene.idp.issuer();
    let (owner, label) = (&scene.owner, ("label", ODD));
    let mut found = wrong(&owner.get(SETTINGS).await, 200);
    found.extend(wrong(&save(owner, "nonsense", &[label, ("domains", "x"), ("newcomers", "y")]).await, 422));
    save(owner, &issuer, &[label]).await;
    found.extend(wrong(&owner.get(SETTINGS).await, 200));
    let form = owner.get(SETTINGS).await.form_to("/settings/sign-in/test");
    found.extend(wrong(&form.send(owner).await, 200));
    scene.idp.says(|script| script.forged = true);
    found.extend(wrong(&scene.back_from(owner, &begin_test(owner).await).await, 502));
    scene.idp.says(|script| script.forged = false);
    scene.test().await;
    found.extend(wrong(&owner.get(SETTINGS).await, 200));
    let visitor = scene.app.visitor();
    for path in ["/sign-in", WITH] {
        let page = visitor.get(path).await;
        assert!(!page.body.contains("<script>alert"), "{path}");
        found.extend(wrong(&page, 200));
    }
    found.extend(wrong(&visitor.get(&begin(&visitor).await.callback_with(&[("error", "access_denied")])).await, 400));
    found.extend(wrong(&scene.as_person("x", "x@x.example").await.1, 403));
    scene.switch_passwords_off().await;
    for page in [owner.get(SETTINGS).await, owner.get("/settings/account").await, visitor.get("/sign-in").await] {
        found.extend(wrong(&page, 200));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
