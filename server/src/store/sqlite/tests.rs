//! The contract, on SQLite.

use std::path::Path;
use std::sync::Arc;

use crate::store::conformance::{DISTRICT, NOW, SECRETARY, conformance};
use crate::store::{AuditAct, AuditEntry, AuditStore as _, ChainState, Store};

async fn open(folder: &Path) -> Arc<dyn Store> {
    Arc::new(super::SqliteStore::open(&folder.join("zhibu.db")).await.unwrap())
}

conformance!(
    open,
    commit::{
        positions_have_no_gaps,
        reading_goes_on_where_a_page_ended,
        a_stale_delivery_leaves_nothing_and_holds_up_nobody,
        delivering_again_changes_nothing,
        an_envelope_number_stands_for_one_envelope,
        a_refused_envelope_takes_no_number,
        commits_at_the_same_time_never_share_a_position,
        of_two_judges_of_one_version_one_is_stale,
        what_was_committed_survives_a_restart,
    },
    kept::{
        a_refused_change_is_kept_once_for_its_author,
        a_change_that_arrives_after_all_leaves_quarantine,
        an_admitted_change_leaves_quarantine_in_its_admitters_name,
        a_quarantined_item_is_resolved_once,
        the_audit_chain_counts_and_holds,
        a_mark_is_lifted_only_by_who_saw_the_version,
        lists_are_filtered_and_paged,
        a_picture_is_noted_once_for_each_record_and_forgotten,
        a_loose_picture_is_removed_by_one_server_or_put_again,
    },
    people::{
        districts_do_not_see_each_other,
        a_login_belongs_to_one_account,
        a_change_of_posts_or_orgs_raises_its_version,
        an_invite_makes_one_device,
        a_lost_answer_to_an_enrolment_costs_nothing,
        invites_end,
        a_proof_is_good_once, an_index_is_put_away_and_opened_with_what_came_after,
        a_revocation_stands,
        an_account_has_one_console_device,
    },
    sessions::{
        a_session_lasts_until_it_is_ended_or_swept,
        sessions_end_with_the_password_and_the_account,
        a_factor_counts_once_it_is_confirmed,
    },
);

/// Only here, because it takes a hand in the database itself.
#[tokio::test]
async fn a_changed_audit_entry_breaks_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let store = super::SqliteStore::open(&folder.path().join("zhibu.db")).await.unwrap();
    crate::store::conformance::populate(&store).await;
    for subject in ["a", "b", "c"] {
        let entry = AuditEntry {
            at: NOW,
            account: Some(SECRETARY),
            device: None,
            act: AuditAct::Exported,
            subject: subject.into(),
            detail: serde_json::Value::Null,
        };
        store.append_audit(DISTRICT, &entry).await.unwrap();
    }
    assert!(matches!(store.verify_audit(DISTRICT).await.unwrap(), ChainState::Intact { length: 3, .. }));
    sqlx::query("UPDATE audit SET subject = 'x' WHERE seq = 2").execute(&store.writer).await.unwrap();
    assert_eq!(store.verify_audit(DISTRICT).await.unwrap(), ChainState::Broken { seq: 2 });
    sqlx::query("DELETE FROM audit WHERE seq = 1").execute(&store.writer).await.unwrap();
    assert_eq!(store.verify_audit(DISTRICT).await.unwrap(), ChainState::Broken { seq: 1 });
}
