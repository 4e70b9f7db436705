//! The contract of [`Store`](super::Store) as plain functions over any store, and a macro that stamps them out for
//! a back end. A new behaviour lands here first.

use super::*;
use zhibu_domain::gate::MAGIC;
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, InviteId, MemberId, OrgId, RecordId};
use zhibu_domain::org::{NamingScheme, Org, OrgType, Post, Role};
use zhibu_domain::record::{ChangeHash, RecordRef, change_hash};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::KeyAlgorithm;

pub(crate) mod commit;
pub(crate) mod damage;
pub(crate) mod kept;
pub(crate) mod pack;
pub(crate) mod people;
pub(crate) mod sessions;

/// Some day in November 2026.
pub(crate) const NOW: Millis = Millis(1_795_000_000_000);
pub(crate) const DISTRICT: DistrictId = DistrictId::from_bytes([1; 16]);
pub(crate) const OTHER_DISTRICT: DistrictId = DistrictId::from_bytes([2; 16]);
pub(crate) const BRANCH: OrgId = OrgId::from_bytes([3; 16]);
pub(crate) const SECRETARY: AccountId = AccountId::from_bytes([4; 16]);
pub(crate) const PHONE: DeviceId = DeviceId::from_bytes([5; 16]);
pub(crate) const SECRET: [u8; 32] = [6; 32];

/// Two districts with the same branch and the same account; in the first one its phone is enrolled.
pub(crate) async fn populate(store: &dyn Store) {
    for id in [DISTRICT, OTHER_DISTRICT] {
        let district = District {
            id,
            name: "青岭旗".into(),
            naming: NamingScheme::Qi,
            generation: [7; 16],
            token_secret: [8; 32],
            factor_policy: FactorPolicy::Optional,
            orgs_version: 1,
        };
        assert!(store.found_district(&district, NOW).await.unwrap());
        assert!(!store.found_district(&district, NOW).await.unwrap(), "a district is founded once");
        let branch = Org {
            id: BRANCH,
            parent: Some(id.into()),
            org_type: OrgType::Branch,
            name: "白桦嘎查党支部".into(),
        };
        store.put_orgs(id, &[branch]).await.unwrap();
        assert!(store.create_account(id, &account(SECRETARY, Some("shuji"))).await.unwrap());
    }
    assert!(store.create_invite(DISTRICT, &invite(1, SECRET)).await.unwrap());
    let redeemed = store.redeem_invite(&redemption(SECRET, PHONE, 9)).await.unwrap();
    assert!(matches!(redeemed, Redeemed::Enrolled(owner) if owner.device.id == PHONE));
}

pub(crate) fn account(id: AccountId, login: Option<&str>) -> NewAccount {
    NewAccount {
        id,
        login: login.map(str::to_owned),
        password_hash: None,
        name: "乌云其木格".into(),
        member: Some(MemberId::from_bytes([10; 16])),
        org: BRANCH,
        posts: vec![Post { role: Role::BranchSecretary, org: BRANCH }],
        created_at: NOW,
    }
}

pub(crate) fn invite(id: u8, secret_hash: [u8; 32]) -> NewInvite {
    NewInvite {
        id: InviteId::from_bytes([id; 16]),
        secret_hash,
        account: SECRETARY,
        purpose: "书记的手机".into(),
        created_by: None,
        created_at: NOW,
        expires_at: NOW.plus(1000),
    }
}

pub(crate) fn redemption(secret_hash: [u8; 32], device: DeviceId, key: u8) -> Redemption {
    Redemption {
        secret_hash,
        device,
        key: DeviceKey { algorithm: KeyAlgorithm::Ed25519, public_key: vec![key; 32] },
        device_name: "书记的手机".into(),
        at: NOW,
    }
}

pub(crate) fn activity(id: u8) -> RecordRef {
    RecordRef::activity(BRANCH, 2026, RecordId::from_bytes([id; 16]))
}

pub(crate) fn append(record: RecordRef, content: u16, base_version: u64) -> Verdict {
    verdict(record, content, Some(base_version), Decision::Append)
}

pub(crate) fn verdict(
    record: RecordRef,
    content: u16,
    base_version: Option<u64>,
    decision: Decision,
) -> Verdict {
    // Looked at from outside a chunk, 100 bytes long: a store checks what it reads by its name.
    let change = [&MAGIC[..], &[0; 4], &content.to_be_bytes().repeat(46)].concat();
    let hash = change_hash(&change).unwrap_or(ChangeHash([0; 32]));
    Verdict { record, hash, change, decision, base_version, admitted_by: None }
}

/// An envelope of the phone; its digest follows from its number.
pub(crate) fn delivery(counter: u64, verdicts: Vec<Verdict>) -> Delivery {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&counter.to_be_bytes());
    Delivery {
        district: DISTRICT,
        carrier: PHONE,
        author: PHONE,
        counter,
        digest,
        refused_envelope: None,
        verdicts,
        epoch_seen: 1,
        received_at: NOW,
    }
}

/// Stamps the contract out for one back end. `$open` is an async function from a folder to an `Arc<dyn Store>`;
/// opening the same folder again is a restart. Nothing runs unless `$is_there`.
macro_rules! conformance {
    ($open:path, or_skip: $is_there:expr) => {
        $crate::store::conformance::stamp!(
            $open,
            $is_there,
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
            pack::{
                a_pack_stands_for_what_it_holds,
                a_mark_is_borne_out_by_what_stands_there,
                an_index_outlives_the_rows_that_it_was_made_of,
                what_is_loose_and_old_is_counted,
                a_dictionary_is_noted_once_and_needed_for_ever,
                old_envelope_numbers_are_forgotten_and_stay_taken,
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
                a_restored_store_has_another_name_and_its_consoles_another_epoch,
            },
            sessions::{
                a_session_lasts_until_it_is_ended_or_swept,
                sessions_end_with_the_password_and_the_account,
                a_factor_counts_once_it_is_confirmed,
            },

        );
    };
}
pub(crate) use conformance;

macro_rules! stamp {
    ($open:path, $is_there:expr, $($part:ident::{$($case:ident),+ $(,)?}),+ $(,)?) => { $($(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            if !$is_there {
                return;
            }
            let folder = tempfile::tempdir().unwrap();
            let store = $open(folder.path()).await;
            $crate::store::conformance::populate(&*store).await;
            $crate::store::conformance::$part::$case(store, || $open(folder.path())).await;
        }
    )+)+ };
}
pub(crate) use stamp;
