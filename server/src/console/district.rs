//! The district and the words of its rule book.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use zhibu_domain::ids::DistrictId;
use zhibu_domain::org::NamingScheme;
use zhibu_domain::rule_book::words::{Level, Period};
use zhibu_domain::rule_book::{ActivityKind, RuleBook};

use super::{StaffCaller, schema};
use crate::error::ApiError;

/// The district.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = District)]
pub struct DistrictReply {
    /// Its id; its root in the tree of orgs has the same.
    #[schema(value_type = String, format = "uuid")]
    pub id: DistrictId,
    /// Its name.
    pub name: String,
    /// Its words for the levels.
    #[schema(schema_with = schema::naming)]
    pub naming: NamingScheme,
    /// The rule book of today; absent before one was adopted.
    pub rule_book: Option<BookReply>,
}

/// The words of a rule book, in its own order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RuleBook)]
pub struct BookReply {
    /// Its version, e.g. `QL-2026-V1`.
    pub version: String,
    /// Its title.
    pub name: String,
    /// Kinds of activities.
    pub kinds: Vec<KindRow>,
    /// What decisions need.
    pub decisions: Vec<CodeName>,
    /// Categories of point rules.
    pub categories: Vec<CodeName>,
    /// Point rules.
    pub point_rules: Vec<CodeName>,
    /// Member classes.
    pub classes: Vec<CodeName>,
    /// Why a member may be left out of should-attend; codes 1 to 5.
    pub exclusion_reasons: Vec<CodeName>,
    /// Words for the levels (`district`, `township`, `village`, `group`).
    pub labels: BTreeMap<String, String>,
    /// Working days after an activity within which its record is not labelled as a late entry.
    pub late_entry_working_days: u32,
}

/// A code and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CodeName {
    /// As it stands in records.
    pub code: String,
    /// In Chinese.
    pub name: String,
}

/// A kind of activity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ActivityKind)]
pub struct KindRow {
    /// As it stands in records.
    pub code: String,
    /// In Chinese.
    pub name: String,
    /// Whether it is a tag put on an activity of another kind, never held alone.
    pub is_tag: bool,
    /// Who holds it; empty: any level.
    #[schema(value_type = Vec<String>)]
    pub levels: Vec<Level>,
    /// How often it is due; absent: as held.
    pub frequency: Option<FrequencyRow>,
}

/// How often something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Frequency)]
pub struct FrequencyRow {
    /// Times.
    pub count: u32,
    /// Per this.
    #[schema(schema_with = schema::period)]
    pub period: Period,
    /// The quarter it belongs to, 1 to 4.
    pub quarter: Option<u8>,
}

impl StaffCaller {
    /// The district with the words of today's rule book.
    pub async fn read_district(&self) -> Result<DistrictReply, ApiError> {
        let district = self.store().find_district(self.district()).await?.ok_or(ApiError::NotFound)?;
        let book = self.rule_book_on(self.now().date()).await?;
        let rule_book = book.map(|book| words_of(book, district.naming));
        Ok(DistrictReply { id: district.id, name: district.name, naming: district.naming, rule_book })
    }
}

fn words_of(book: RuleBook, naming: NamingScheme) -> BookReply {
    let named = |(code, name)| CodeName { code, name };
    let labels = book.labels.into_iter().find(|set| set.scheme == naming);
    BookReply {
        version: book.id,
        name: book.name,
        kinds: book.activity_kinds.into_iter().map(KindRow::from).collect(),
        decisions: book.decision_rules.into_iter().map(|rule| named((rule.code, rule.name))).collect(),
        categories: book.categories.into_iter().map(|found| named((found.code, found.name))).collect(),
        point_rules: book.point_rules.into_iter().map(|rule| named((rule.code, rule.name))).collect(),
        classes: book.classes.into_iter().map(|class| named((class.code, class.name))).collect(),
        exclusion_reasons: book
            .exclusion_reasons
            .into_iter()
            .map(|reason| named((reason.code.to_string(), reason.name)))
            .collect(),
        labels: labels.map(|set| set.words).unwrap_or_default(),
        late_entry_working_days: book.late_entry_working_days,
    }
}

impl From<ActivityKind> for KindRow {
    fn from(kind: ActivityKind) -> Self {
        let frequency = kind.frequency.map(|frequency| FrequencyRow {
            count: frequency.count,
            period: frequency.period,
            quarter: frequency.quarter,
        });
        Self { code: kind.code, name: kind.name, is_tag: kind.is_tag, levels: kind.levels, frequency }
    }
}
