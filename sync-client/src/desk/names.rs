//! From what a person types to what is meant, and back to names.

use std::collections::BTreeMap;

use zhibu_domain::ids::{DeviceId, EntryId, MemberId, OrgId};
use zhibu_domain::org::{Org, OrgTree};
use zhibu_domain::record::{RecordKind, RecordRef};
use zhibu_domain::rule_book::RuleBook;
use zhibu_domain::time::Millis;
use zhibu_domain::view::{PointsView, RosterView, RuleBookView};
use zhibu_domain::wire::AuthorCard;

use super::{DeskError, only};
use crate::client::Client;
use crate::keys::DeviceKey;
use crate::store::LocalStore;
use crate::transport::Transport;

/// The names around one branch: its people, and those who write.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The branch's roster.
    pub roster: RosterView,
    authors: BTreeMap<DeviceId, AuthorCard>,
    groups: BTreeMap<OrgId, String>,
}

impl Names {
    /// A member's name; his id when the roster does not know him.
    pub fn member(&self, id: MemberId) -> String {
        let card = self.roster.members.get(&id).filter(|card| !card.name.is_empty());
        card.map_or_else(|| id.to_string(), |card| card.name.clone())
    }

    /// The name of a party group (党小组), if this phone was told of it.
    pub fn group(&self, id: OrgId) -> Option<String> {
        self.groups.get(&id).cloned()
    }

    /// The card of whoever wrote with a device.
    pub fn author(&self, device: DeviceId) -> AuthorCard {
        self.authors.get(&device).cloned().unwrap_or_else(|| AuthorCard {
            device,
            name: String::new(),
            device_name: String::new(),
            member: None,
        })
    }

    /// Finds a member of the roster by number, name or id.
    pub fn find_member(&self, text: &str) -> Result<MemberId, DeskError> {
        let number: Option<u32> = text.parse().ok();
        let id: Option<MemberId> = text.parse().ok();
        let fits = self.roster.members.iter().filter(|(member, card)| {
            card.name == text || number.is_some_and(|number| card.number == number) || id == Some(**member)
        });
        only(fits.map(|(member, _)| *member).collect(), "member", text)
    }
}

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// The names around a branch.
    pub async fn names(&self, branch: OrgId) -> Result<Names, DeskError> {
        let roster = RosterView::of(&*self.open(&RecordRef::roster(branch)).await?);
        let mut authors: BTreeMap<_, _> =
            self.authors().await?.into_iter().map(|card| (card.device, card)).collect();
        let mut groups = BTreeMap::new();
        if let Some(state) = self.store().state().await? {
            let profile = self.profile().await?;
            let below = profile.orgs.into_iter().filter(|org| org.parent == Some(branch));
            groups.extend(below.map(|org| (org.id, org.name)));
            // The label is the one of the enrolment; the name may have changed since.
            let label = authors.remove(&state.device).map(|card| card.device_name);
            let own = AuthorCard {
                device: state.device,
                name: profile.name,
                device_name: label.unwrap_or_else(|| "本机".to_owned()),
                member: profile.member,
            };
            authors.insert(state.device, own);
        }
        Ok(Names { roster, authors, groups })
    }

    /// The branches whose records this phone may hold, by name.
    pub async fn branches(&self) -> Result<Vec<Org>, DeskError> {
        let profile = self.profile().await?;
        let tree = OrgTree::new(profile.orgs);
        let mut branches: Vec<_> = tree.iter().filter(|org| org.org_type.is_branch()).cloned().collect();
        branches.retain(|org| profile.collections.iter().any(|collection| collection.org == org.id));
        branches.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(branches)
    }

    /// The branch of this name or id; without a name, the only one there is.
    pub async fn find_branch(&self, text: Option<&str>) -> Result<Org, DeskError> {
        let mut branches = self.branches().await?;
        if let Some(text) = text {
            branches.retain(|org| org.name == text || org.id.to_string().starts_with(text));
        }
        only(branches, "branch", text.unwrap_or("本支部"))
    }

    /// The record whose id begins or ends with this text.
    pub async fn find_record(&self, text: &str, kind: RecordKind) -> Result<RecordRef, DeskError> {
        let wanted = text.to_ascii_lowercase();
        let mut fits = self.records().await?;
        fits.retain(|record| record.kind == kind && fits_id(&record.id().to_string(), &wanted));
        only(fits, "record", text)
    }

    /// The points record and the entry in it whose id begins or ends with this text.
    pub async fn find_entry(&self, text: &str) -> Result<(RecordRef, EntryId), DeskError> {
        let wanted = text.to_ascii_lowercase();
        let mut fits = Vec::new();
        for record in self.records().await?.into_iter().filter(|record| record.kind == RecordKind::Points) {
            let points = PointsView::of(&*self.open(&record).await?);
            let entries = points.entries.keys().filter(|id| fits_id(&id.to_string(), &wanted));
            fits.extend(entries.map(|entry| (record, *entry)));
        }
        only(fits, "entry", text)
    }

    /// The rule book that a day is reckoned by.
    pub async fn rule_book(&self, day: Millis) -> Result<RuleBook, DeskError> {
        self.rule_books().await?.for_day(day.date()).cloned().ok_or(DeskError::NoRuleBook)
    }

    /// All rule books held; none before the first synchronisation.
    pub(super) async fn rule_books(&self) -> Result<RuleBookView, DeskError> {
        let district = self.profile().await?.district;
        Ok(RuleBookView::of(&*self.open(&RecordRef::rule_book(district.into())).await?))
    }
}

/// What the rule book of a day calls these kinds of activity; the code where it has no name.
pub(super) fn kind_names(
    books: &RuleBookView,
    day: Millis,
    codes: impl IntoIterator<Item = impl AsRef<str>>,
) -> Vec<String> {
    let book = books.for_day(day.date());
    let name = |code: &str| Some(book?.activity_kind(code)?.name.clone());
    codes.into_iter().map(|code| name(code.as_ref()).unwrap_or_else(|| code.as_ref().to_owned())).collect()
}

/// Ids made in one minute begin alike, so their end does as well.
fn fits_id(id: &str, text: &str) -> bool {
    id.starts_with(text) || id.ends_with(text)
}
