//! The refresh table, row by row.

use crate::app::harness::Site;

#[tokio::test]
async fn a_head_without_a_child_rotates() {
    let site = Site::new().await;
    let first = site.signup("kim").await;
    let second = site.refresh(&first.refresh).await.pair();
    assert_ne!(second.refresh, first.refresh);
    assert_eq!(second.session, first.session);
    site.accepts(&second).await;
}
