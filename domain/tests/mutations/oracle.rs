//! Who may change what, said a second time and in another way than the gate's table: from what is visible before and
//! after.

use std::collections::BTreeMap;

use zhibu_domain::attachment::MAX_PHOTOS;
use zhibu_domain::command::Scalar;
use zhibu_domain::org::Role;
use zhibu_domain::record::{Record, RecordKind};

use crate::corpus::Station;
use crate::support::Cast;
use zhibu_domain::access::Author;

const CONTAINERS: &[&str] = &[
    "about",
    "kinds",
    "attendance",
    "observers",
    "agenda",
    "resolutions",
    "follow_ups",
    "events",
    "amendments",
    "attachments",
    "entries",
    "members",
    "classes",
    "exclusions",
    "posts",
    "versions",
];

fn visible(record: &Record) -> BTreeMap<(String, String), Scalar> {
    let mut all = BTreeMap::new();
    for container in CONTAINERS {
        let values = record.values(container).into_iter();
        all.extend(values.map(|(key, value)| ((container.to_string(), key), value)));
    }
    all.insert(("minutes".into(), String::new()), Scalar::Text(record.text("minutes")));
    all
}

/// The places whose visible value differs: container and key.
pub(crate) fn changed(before: &Record, after: &Record) -> Vec<(String, String)> {
    let (before, after) = (visible(before), visible(after));
    let mut places: Vec<_> = before.keys().chain(after.keys()).cloned().collect();
    places.sort();
    places.dedup();
    places.retain(|place| before.get(place) != after.get(place));
    places
}

/// Asserts that the author may have changed these places.
pub(crate) fn allows(station: &Station<'_>, author: &Author, after: &Record, changed: &[(String, String)]) {
    let role = author.posts[0].role;
    let reference = station.before.record.reference();
    let open = station.before.index.status().is_open();
    let own = author.member.map(|own| own.to_string()).unwrap_or_default();
    let subject = reference.subject().map(|member| member.to_string()).unwrap_or_default();
    let in_branch = author.posts[0].org != Cast::new().neighbour;
    let desk = in_branch && matches!(role, Role::BranchSecretary | Role::BranchRecorder);
    let staff = matches!(role, Role::TownshipOfficer | Role::DistrictReviewer | Role::DistrictAdmin);
    for (container, key) in changed {
        let allowed = match (reference.kind, container.as_str()) {
            (RecordKind::Activity, "events") => staff || (role == Role::BranchSecretary && open),
            (RecordKind::Activity, "amendments") => desk && !open,
            (RecordKind::Activity, "attendance") => open && (desk || (in_branch && *key == own)),
            (RecordKind::Activity, _) => desk && open,
            (RecordKind::Points, "entries") => desk || (in_branch && own == subject),
            (RecordKind::Points, "events") => {
                let speaks = desk || role == Role::GroupLeader || own == subject;
                (in_branch && speaks) || role == Role::TownshipOfficer
            }
            (RecordKind::Roster, _) => {
                in_branch && matches!(role, Role::BranchSecretary | Role::TownshipOfficer)
            }
            _ => false,
        };
        assert!(allowed, "{role} changed {container}.{key}");
        let once = matches!(container.as_str(), "events" | "amendments" | "entries" | "versions");
        let known = station.before.record.values(container).iter().any(|(before, _)| before == key);
        assert!(!(once && known), "{container}.{key} was written once and changed");
    }
    let removed = |key: &String| !after.values("attachments").iter().any(|(now, _)| now == key);
    for (_, key) in changed.iter().filter(|(container, _)| container == "attachments") {
        let known = station.before.record.values("attachments").iter().any(|(before, _)| before == key);
        assert!(!known || removed(key), "the photo {key} was exchanged");
    }
    assert!(after.values("attachments").len() <= MAX_PHOTOS, "more photos than may stand");
}
