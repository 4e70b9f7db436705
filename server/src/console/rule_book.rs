//! Adopting a rule book.

use serde::Serialize;
use utoipa::ToSchema;
use zhibu_domain::command::Command;
use zhibu_domain::record::RecordRef;
use zhibu_domain::rule_book::RuleBook;

use super::StaffCaller;
use crate::error::ApiError;

/// The adopted rule book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AdoptedRuleBook {
    /// Its version, e.g. `QL-2026-V1`.
    pub version: String,
    /// Its name.
    pub name: String,
}

impl StaffCaller {
    /// Adopts a rule book in TOML for the district, or tells every fault with its line.
    pub async fn adopt_rule_book(&self, toml: &str) -> Result<AdoptedRuleBook, ApiError> {
        self.require_district_admin()?;
        let book = RuleBook::from_toml(toml).map_err(ApiError::FaultyRuleBook)?;
        let bytes = minicbor::to_vec(&book).map_err(ApiError::internal)?;
        let command = Command::AdoptRuleBook { version: book.id.clone(), book: bytes };
        self.carry_out(RecordRef::rule_book(self.district().into()), &command).await?;
        Ok(AdoptedRuleBook { version: book.id, name: book.name })
    }
}
