//! Districts and org trees in memory.

use async_trait::async_trait;
use zhibu_domain::ids::DistrictId;
use zhibu_domain::org::{Org, OrgType};
use zhibu_domain::time::Millis;

use super::MemoryStore;
use super::tables::{DeviceRow, Tables};
use crate::store::{District, DistrictStore, StoreError};

#[async_trait]
impl DistrictStore for MemoryStore {
    async fn found_district(&self, district: &District, _: Millis) -> Result<bool, StoreError> {
        let mut districts = self.open()?;
        if districts.contains_key(&district.id) {
            return Ok(false);
        }
        let root = Org {
            id: district.id.into(),
            parent: None,
            org_type: OrgType::District,
            name: district.name.clone(),
        };
        let district = District { orgs_version: 1, ..district.clone() };
        let id = district.id;
        let tables = Tables { district: Some(district), orgs: vec![root], ..Tables::default() };
        districts.insert(id, tables);
        Ok(true)
    }

    async fn list_districts(&self) -> Result<Vec<District>, StoreError> {
        Ok(self.open()?.values().filter_map(|tables| tables.district.clone()).collect())
    }

    async fn find_district(&self, district: DistrictId) -> Result<Option<District>, StoreError> {
        self.read(district, |tables| tables.district.clone())
    }

    async fn renew_generation(
        &self,
        district: DistrictId,
        generation: [u8; 16],
        epoch: u32,
    ) -> Result<(), StoreError> {
        self.write(district, |tables| {
            if let Some(district) = &mut tables.district {
                district.generation = generation;
            }
            for DeviceRow { device, .. } in tables.devices.values_mut().filter(|row| row.device.is_console) {
                device.last_epoch = epoch.max(device.last_epoch + 1);
            }
        })
    }

    async fn put_orgs(&self, district: DistrictId, orgs: &[Org]) -> Result<(), StoreError> {
        self.write(district, |tables| {
            for org in orgs {
                match tables.orgs.iter_mut().find(|known| known.id == org.id) {
                    Some(known) => known.clone_from(org),
                    None => tables.orgs.push(org.clone()),
                }
            }
            if let Some(district) = &mut tables.district {
                district.orgs_version += 1;
            }
        })
    }

    async fn list_orgs(&self, district: DistrictId) -> Result<Vec<Org>, StoreError> {
        self.read(district, |tables| tables.orgs.clone())
    }
}
