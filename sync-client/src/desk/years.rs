//! Older years: they come when somebody wants to look at them.

use std::collections::BTreeSet;

use zhibu_domain::ids::OrgId;
use zhibu_domain::record::{Collection, STANDING};
use zhibu_domain::wire::ReadMark;

use super::DeskError;
use crate::client::Client;
use crate::engine::scope::Scope;
use crate::keys::DeviceKey;
use crate::store::{LocalStore, Write};
use crate::transport::Transport;

impl<S: LocalStore, T: Transport, K: DeviceKey> Client<S, T, K> {
    /// The years of a branch that this phone reads, by themselves or asked for, latest first.
    pub async fn held_years(&self, branch: OrgId) -> Result<Vec<u16>, DeskError> {
        let marked = self.store().marks().await?.into_iter().map(|mark| mark.collection);
        let dated = |collection: &Collection| collection.org == branch && collection.year != STANDING;
        let named = self.profile().await?.collections.into_iter().chain(marked).filter(dated);
        let years: BTreeSet<u16> = named.map(|collection| collection.year).collect();
        Ok(years.into_iter().rev().collect())
    }

    /// Asks for a year of a branch, durably: it comes with the next synchronisation, in pages if it is long, and is kept
    /// up to date from then on. Without a signal it comes once there is one.
    pub async fn want_year(&self, branch: OrgId, year: u16) -> Result<(), DeskError> {
        let collection = Collection { org: branch, year };
        if year == STANDING || !Scope::of(&self.profile().await?).holds(&collection) {
            return Err(DeskError::NotFound { what: "branch", text: branch.to_string() });
        }
        if !self.held_years(branch).await?.contains(&year) {
            // A mark at the beginning is all that it takes: requests name it from now on.
            self.write(vec![Write::Mark(ReadMark::at(collection, 0))]).await?;
        }
        Ok(())
    }
}
