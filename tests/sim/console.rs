//! The reviewer at the console, and what goes on in the servers beside requests.

use std::sync::Arc;

use zhibu_domain::event::{RedoReason, Verb};
use zhibu_domain::record::RecordKind;
use zhibu_domain::wire::ErrorCode;
use zhibu_server::console::StaffCaller;
use zhibu_server::console::quarantine::QuarantineQuery;
use zhibu_server::console::review::ReviewRequest;
use zhibu_server::error::ApiError;
use zhibu_server::{App, compaction, projection};

use super::chance::Chance;
use super::people::{Person, district};

/// Demands that a console's error is one that a person may get.
fn demand_harmless(error: &ApiError) {
    assert_ne!(error.code(), ErrorCode::Internal, "the console broke: {error}");
}

/// Somebody of the staff, as the store knows him now.
pub(crate) async fn staff(app: &Arc<App>, person: &Person) -> Result<StaffCaller, ApiError> {
    let owner = app.store.find_device(district(), person.console()).await?.ok_or(ApiError::NotFound)?;
    StaffCaller::of(app.clone(), owner.into(), None).await
}

/// The reviewer does something; what came of it.
pub(crate) async fn review(app: Arc<App>, reviewer: &Person, chance: &Chance) -> String {
    match try_review(&app, reviewer, chance).await {
        Ok(said) => said,
        Err(error) => {
            demand_harmless(&error);
            format!("refused: {}", error.code())
        }
    }
}

async fn try_review(app: &Arc<App>, reviewer: &Person, chance: &Chance) -> Result<String, ApiError> {
    let staff = staff(app, reviewer).await?;
    if chance.percent(40) {
        let open = staff.list_quarantine(&QuarantineQuery { open: true, ..Default::default() }).await?;
        let Some(item) = chance.pick_some(&open.items) else { return Ok("quarantine is empty".to_owned()) };
        return Ok(match chance.percent(70) {
            true => staff.admit_quarantined(item.id).await.map(|_| format!("admitted {}", item.id))?,
            false => staff.dismiss_quarantined(item.id).await.map(|_| format!("dismissed {}", item.id))?,
        });
    }
    let records = app.store.list_records(district(), None, 1000).await?;
    let activities: Vec<_> =
        records.into_iter().filter(|one| one.reference.kind == RecordKind::Activity).collect();
    let Some(activity) = chance.pick_some(&activities) else { return Ok("nothing to review".to_owned()) };
    let (verb, reason) = match chance.below(10) {
        0..5 => (Verb::Filed, None),
        5..7 => (Verb::Returned, None),
        7 => (Verb::RedoRequired, Some(RedoReason::NoTopic)),
        8 => (Verb::Voided, None),
        _ => (Verb::Reopened, None),
    };
    let request = ReviewRequest { verb, slot: None, comment: None, reason };
    let reply = staff.review(activity.reference.id(), request).await?;
    Ok(format!("{} is {}", activity.reference.id(), reply.status))
}

/// The projector catches up.
pub(crate) async fn project(app: Arc<App>) -> String {
    match projection::catch_up(&*app.store, district()).await {
        Ok(count) => format!("{count} projected"),
        Err(_) => "projection is behind".to_owned(),
    }
}

/// Old changes become packs.
pub(crate) async fn compact(app: Arc<App>, days: u32) -> String {
    match compaction::compact_at_once(&*app.store, app.clock.now(), days).await {
        Ok(done) => format!("{} records packed", done.records),
        Err(_) => "packing failed".to_owned(),
    }
}
