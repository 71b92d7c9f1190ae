//! A link that arrives with something grown onto it opens all the same.

use super::share;
use crate::support::TestApp;

#[tokio::test]
async fn a_link_with_a_full_stop_leads_to_the_page() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (_, link) = share(&owner, "source", "postgres", &[]).await;
    let visitor = app.visitor();
    for tail in [".", ",", ")", "%20", "/", "%E2%80%8B", "%22", "&gt;"] {
        let answer = visitor.get(&format!("{link}{tail}")).await;
        assert_eq!((answer.status, answer.location().as_deref()), (303, Some(link.as_str())), "{tail}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "the way there is as secret as the link");
        assert_eq!(visitor.follow(&answer).await.status, 200);
    }
    // An unknown link says the same whether or not it is damaged.
    let unknown = format!("/scl/{}.", "A".repeat(43));
    let answer = visitor.get(&unknown).await;
    assert_eq!(visitor.follow(&answer).await.status, 404);
    assert_eq!(visitor.get(&format!("{link}A")).await.status, 404);
}
