//! What every store does, whatever lies beneath: one suite, run for each.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

#[path = "contract/audit.rs"]
mod audit;
#[path = "support/cluster.rs"]
#[allow(dead_code)]
mod cluster;
#[path = "contract/commits.rs"]
mod commits;
#[path = "contract/identities.rs"]
mod identities;
#[path = "contract/keys.rs"]
mod keys;
#[path = "contract/mails.rs"]
mod mails;
#[path = "contract/one_time.rs"]
mod one_time;
#[path = "contract/pending.rs"]
mod pending;
#[path = "contract/revocations.rs"]
mod revocations;
#[path = "contract/sample.rs"]
#[allow(dead_code)]
mod sample;
#[path = "contract/sessions.rs"]
mod sessions;
#[path = "contract/sweep.rs"]
mod sweep;
#[path = "contract/users.rs"]
mod users;

/// Runs every check on a fresh store of `$open`, an async function that gives the store and what keeps it alive.
macro_rules! contract {
    ($open:path) => {
        contract!($open;
            audit: every_kind_and_actor_comes_back, is_filtered, is_listed_in_pages,
                swept_places_are_not_given_out_again;
            commits: all_of_a_refused_one_is_undone, every_kind_of_write_is_undone, writes_see_those_before_them, of_nothing_does_nothing,
                refused_beside_others_leave_no_trace, a_read_sees_all_that_was_answered, the_store_is_ready;
            identities: every_value_comes_back, a_person_is_issuer_and_subject,
                are_listed_oldest_first_and_removed_by_their_user, all_of_a_user_go_but_for_older_ones_and_one,
                go_with_their_account, of_fifty_accounts_that_link_one_at_once_one_has_it;
            keys: come_back_oldest_first, a_taken_name_is_refused,
                there_is_one_upcoming_and_one_signing_of_each_purpose, a_rotation_is_one_commit_and_only_one_wins,
                an_update_replaces_all_and_erases;
            mails: every_value_comes_back, come_in_the_order_in_which_they_are_due, that_wait_are_counted,
                are_taken_in_hand_by_one,
                who_lost_the_lease_removes_nothing;
            one_time: every_value_comes_back, a_new_one_voids_the_old_one_of_its_purpose_and_user,
                is_spent_once_and_with_all_that_it_leads_to, of_fifty_who_spend_it_at_once_one_succeeds,
                two_issued_at_once_leave_one, of_a_user_are_voided_but_for_older_reports,
                are_swept_when_they_have_expired;
            pending: every_value_comes_back, of_fifty_who_spend_it_at_once_one_succeeds, is_swept_when_it_has_expired,
                is_voided_all_at_once;
            revocations: come_back_in_the_order_of_commits, are_read_from_a_place_on,
                nothing_appears_behind_what_was_read, swept_places_are_not_given_out_again, are_swept_from_the_front,
                each_digest_covers_all_before_it;
            sessions: is_read_with_its_user, a_taken_id_is_refused, an_update_replaces_what_a_refresh_changes,
                an_update_by_an_old_version_is_refused, an_ended_session_is_not_changed,
                ending_by_an_old_version_is_refused, every_choice_of_sessions_ends_those_and_tells_the_feed,
                of_an_identity_are_ended_but_for_one,
                of_a_user_are_listed_newest_first_without_the_ended, fifty_refreshes_at_once_make_one_change,
                updates_of_one_moment_are_each_judged_and_written_for_themselves,
                a_refresh_racing_a_log_out_never_revives_it,
                a_log_in_racing_the_end_of_all_is_refused_or_ended, every_value_comes_back;
            sweep: removes_sessions_that_ended_or_expired_long_ago, leaves_a_session_that_was_refreshed,
                counts_an_end_from_when_it_was, goes_in_steps;
            users: is_found_by_id_and_names, taken_names_and_ids_are_refused, an_update_can_take_a_free_name_only,
                names_may_be_absent_in_many_accounts, an_update_replaces_all_and_counts_the_version_up,
                a_change_by_an_old_version_is_refused, a_deleted_account_leaves_its_sessions_and_frees_its_names,
                are_listed_in_pages, are_listed_by_a_part_of_a_name, fifty_at_once_with_one_name_make_one_account,
                every_value_comes_back;
        );
    };
    ($open:path; $($area:ident: $($check:ident),+;)+) => {
        $(mod $area {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $check() {
                let (store, _guard) = $open().await;
                crate::$area::$check(store).await;
            })+
        })+
    };
}

mod sqlite {
    use std::sync::Arc;

    use tempfile::TempDir;
    use tokenry_domain::store::Store;
    use tokenry_store::{Options, Sqlite};

    contract!(super::open);

    pub async fn open() -> (Arc<dyn Store>, TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&directory.path().join("tokenry.db"), Options::default()).unwrap();
        (Arc::new(store), directory)
    }
}

/// What is kept beside a store leaves the store as it is.
mod beside {
    use std::sync::Arc;

    use tempfile::TempDir;
    use tokenry_domain::store::Store;
    use tokenry_store::CookiesBeside;

    contract!(super::open);

    async fn open() -> (Arc<dyn Store>, TempDir) {
        let (store, directory) = super::sqlite::open().await;
        let store = CookiesBeside::on_disk(store, &directory.path().join("sessions.db")).unwrap();
        (Arc::new(store), directory)
    }
}
mod postgres {
    contract!(super::open);

    async fn open() -> (std::sync::Arc<dyn tokenry_domain::store::Store>, ()) {
        crate::connect(&crate::cluster::database(&["synchronous_commit = off"])).await
    }
}

mod postgres_serializable {
    contract!(super::open);

    async fn open() -> (std::sync::Arc<dyn tokenry_domain::store::Store>, ()) {
        crate::connect(&crate::cluster::database(&["default_transaction_isolation = serializable"])).await
    }
}

async fn connect(url: &str) -> (std::sync::Arc<dyn tokenry_domain::store::Store>, ()) {
    // All tests at once on a small machine: nothing here is about time.
    let patience = std::time::Duration::from_secs(60);
    let options = tokenry_store::PostgresOptions { pool_size: 8, patience, connect_timeout: patience };
    (std::sync::Arc::new(tokenry_store::PostgresStore::connect(url, options).await.unwrap()), ())
}
