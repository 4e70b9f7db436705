//! The client as JavaScript calls it: arguments in, answers out, and nothing decided here.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use zhibu_domain::ids::{MemberId, OrgId};
use zhibu_domain::record::RecordRef;
use zhibu_domain::time::Millis;

use super::line::{FetchTransport, Line};
use super::shelf::Shelf;
use super::web_key::{KeyPair, WebKey};
use crate::client::{Client, Resent, Saved};
use crate::desk::{DeskError, RecordKey, RefusedSheet};
use crate::error::SyncError;
use crate::invite::Invite;
use crate::platform::RealSurroundings;
use crate::store::indexed_db::IndexedDbStore;

type Answer = Result<JsValue, JsValue>;

/// One phone, on an open database.
#[wasm_bindgen]
pub struct Phone {
    client: Client<IndexedDbStore, FetchTransport, WebKey>,
}

#[wasm_bindgen]
impl Phone {
    /// The phone over these parts. Nothing is read or sent yet.
    #[wasm_bindgen(constructor)]
    pub fn new(shelf: Shelf, line: Line, key: KeyPair) -> Result<Phone, JsValue> {
        let key = WebKey::new(key).map_err(|e| thrown(&SyncError::from(e).into()))?;
        let store = IndexedDbStore::new(shelf);
        Ok(Self { client: Client::new(store, FetchTransport::new(line), key, Arc::new(RealSurroundings)) })
    }

    /// Another window may have written: read anew.
    pub fn forget(&self) {
        self.client.store().forget();
    }

    /// Who holds this phone.
    pub async fn me(&self) -> Answer {
        answer(self.client.me().await)
    }

    /// Opens an invite link of this server.
    pub async fn enrol(&self, link: &str, origin: &str, device_name: &str) -> Answer {
        let invite: Invite = link.parse().map_err(|_| not_an_invite())?;
        if invite.server != origin {
            return Err(not_an_invite());
        }
        let enrolled = self.client.enrol(&invite, device_name).await;
        enrolled.map_err(|e| thrown(&e.into()))?;
        self.me().await
    }

    /// Where everything stands.
    pub async fn status(&self) -> Answer {
        answer(self.client.status().await)
    }

    /// Delivers and reads.
    pub async fn sync(&self) -> Answer {
        answer(self.client.sync().await)
    }

    /// The activities held.
    #[wasm_bindgen(js_name = listActivities)]
    pub async fn list_activities(&self, org: JsValue, year: Option<u16>) -> Answer {
        answer(self.client.list_activities(read(org)?, year).await)
    }

    /// One activity.
    #[wasm_bindgen(js_name = showActivity)]
    pub async fn show_activity(&self, record: JsValue) -> Answer {
        answer(self.client.show_activity(&self.record(record).await?).await)
    }

    /// What was ever written at a slot.
    #[wasm_bindgen(js_name = slotHistory)]
    pub async fn slot_history(&self, record: JsValue, slot: &str) -> Answer {
        answer(self.client.slot_history(&self.record(record).await?, slot).await)
    }

    /// The marks of "everybody came".
    #[wasm_bindgen(js_name = rollCall)]
    pub async fn roll_call(&self, record: JsValue) -> Answer {
        answer(self.client.roll_call(&self.record(record).await?).await)
    }

    /// The quorum of an activity.
    pub async fn quorum(&self, record: JsValue) -> Answer {
        answer(self.client.quorum(&self.record(record).await?).await)
    }

    /// A branch's roster.
    #[wasm_bindgen(js_name = listRoster)]
    pub async fn list_roster(&self, org: JsValue) -> Answer {
        answer(self.client.list_roster(read(org)?).await)
    }

    /// Ledgers in roster order.
    pub async fn ledgers(&self, org: JsValue, members: JsValue, day: f64) -> Answer {
        let (org, members): (OrgId, Option<Vec<MemberId>>) = (read(org)?, read(members)?);
        answer(self.client.ledgers(org, members.as_deref(), instant(day)).await)
    }

    /// What the rule book of a day offers.
    pub async fn book(&self, day: f64) -> Answer {
        answer(self.client.book(instant(day)).await)
    }

    /// Refused changes.
    pub async fn refused(&self) -> Answer {
        let refused = self.client.refused().await;
        answer(refused.map(|all| all.into_iter().map(RefusedSheet::from).collect::<Vec<_>>()))
    }

    /// What waits for its receipt.
    pub async fn waiting(&self) -> Answer {
        answer(self.client.waiting().await)
    }

    /// The years of a branch that are read.
    #[wasm_bindgen(js_name = heldYears)]
    pub async fn held_years(&self, org: JsValue) -> Answer {
        answer(self.client.held_years(read(org)?).await)
    }

    /// Asks for an older year of a branch.
    #[wasm_bindgen(js_name = wantYear)]
    pub async fn want_year(&self, org: JsValue, year: u16) -> Answer {
        answer(self.client.want_year(read(org)?, year).await)
    }

    /// Reads everything from the server once more.
    pub async fn rebuild(&self) -> Answer {
        answer(self.client.rebuild(None).await.map(drop))
    }

    /// A fresh activity, not written.
    #[wasm_bindgen(js_name = newActivity)]
    pub fn new_activity(&self, org: JsValue, day: f64) -> Answer {
        answer(self.client.new_activity(read(org)?, instant(day)))
    }

    /// The record of a member's points.
    #[wasm_bindgen(js_name = pointsRecord)]
    pub async fn points_record(&self, org: JsValue, member: JsValue, day: f64) -> Answer {
        let record = self.client.points_record(read(org)?, read(member)?, instant(day)).await;
        answer(record.map(RecordKey::from))
    }

    /// The record of a branch's roster.
    #[wasm_bindgen(js_name = rosterRecord)]
    pub fn roster_record(&self, org: JsValue) -> Answer {
        answer(Ok::<_, DeskError>(RecordKey::from(RecordRef::roster(read(org)?))))
    }

    /// A fresh id.
    #[wasm_bindgen(js_name = newId)]
    pub fn new_id(&self) -> Answer {
        answer(self.client.new_id())
    }

    /// Does what a person did.
    pub async fn execute(&self, record: JsValue, command: JsValue) -> Answer {
        let record = self.record(record).await?;
        answer(self.client.execute_foreseen(&record, read(command)?).await)
    }

    /// Does a refused change once more.
    pub async fn resend(&self, number: f64) -> Answer {
        answer(self.client.resend_refused(number as u64).await.map(saved))
    }

    /// Does something else in its place.
    pub async fn correct(&self, number: f64, command: JsValue) -> Answer {
        answer(self.client.correct_refused(number as u64, read(command)?).await.map(saved))
    }

    /// Lets a refused change go.
    pub async fn dismiss(&self, number: f64) -> Answer {
        answer(self.client.dismiss_refused(number as u64).await.map(|_| ()))
    }

    /// Notes that these were shown.
    #[wasm_bindgen(js_name = markRefusedSeen)]
    pub async fn mark_refused_seen(&self, numbers: JsValue) -> Answer {
        let numbers: Vec<u64> = read(numbers)?;
        answer(self.client.mark_refused_seen(&numbers).await)
    }

    /// Attaches a photo that was resized already, both pictures of it.
    #[wasm_bindgen(js_name = attachPhoto)]
    pub async fn attach_photo(&self, record: JsValue, photo: Vec<u8>, thumb: Vec<u8>) -> Answer {
        let record = self.record(record).await?;
        let entry = self.client.new_id().map_err(|e| thrown(&e.into()))?;
        answer(self.client.attach_photo_foreseen(&record, entry, photo, thumb).await)
    }

    /// One picture of a photo.
    pub async fn photo(&self, record: JsValue, entry: JsValue, size: JsValue) -> Result<Vec<u8>, JsValue> {
        let record = self.record(record).await?;
        let photo = self.client.photo(&record, read(entry)?, read(size)?).await;
        photo.map_err(|e| thrown(&e.into()))
    }

    /// Uploads what waits of pictures.
    pub async fn upload(&self) -> Answer {
        answer(self.client.upload_blobs().await)
    }

    /// Everything unsent as a file that another device can carry; empty when nothing is.
    pub async fn unsent(&self) -> Result<js_sys::Uint8Array, JsValue> {
        let file = self.client.unsent_file().await.map_err(|e| thrown(&e.into()))?;
        Ok(js_sys::Uint8Array::from(&file[..]))
    }
}

impl Phone {
    async fn record(&self, name: JsValue) -> Result<RecordRef, JsValue> {
        self.client.resolve(read(name)?).await.map_err(|e| thrown(&e))
    }
}

fn saved(resent: Resent) -> Option<Saved> {
    match resent {
        Resent::Saved(saved) => Some(saved),
        Resent::StandsAlready => None,
    }
}

fn instant(ms: f64) -> Millis {
    Millis(ms as i64)
}

fn read<T: DeserializeOwned>(value: JsValue) -> Result<T, JsValue> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|e| fault("usage", "这项操作不完整，请返回重试。", false, &e.to_string()))
}

fn answer<T: Serialize, E: Into<DeskError>>(outcome: Result<T, E>) -> Answer {
    let value = outcome.map_err(|e| thrown(&e.into()))?;
    let shape = serde_wasm_bindgen::Serializer::json_compatible();
    value
        .serialize(&shape)
        .map_err(|e| fault("internal", "这项内容显示不了，请更新软件。", false, &e.to_string()))
}

fn not_an_invite() -> JsValue {
    fault("not_an_invite", "这不是本系统的邀请链接，请向乡镇党建办要一个新的。", false, "")
}

fn thrown(error: &DeskError) -> JsValue {
    let fault = fault(error.name(), &error.plain(), error.is_retryable(), &error.to_string());
    if let Some(wait_ms) = error.wait_ms() {
        // Setting a property of a plain object cannot fail.
        js_sys::Reflect::set(&fault, &"waitMs".into(), &(wait_ms as f64).into()).ok();
    }
    fault
}

/// `{code, plain, retryable, detail, waitMs?}`, of which `web/src/core` makes its `CoreError`.
fn fault(code: &str, plain: &str, retryable: bool, detail: &str) -> JsValue {
    let fault = js_sys::Object::new();
    let parts: [(&str, JsValue); 4] = [
        ("code", code.into()),
        ("plain", plain.into()),
        ("retryable", retryable.into()),
        ("detail", detail.into()),
    ];
    for (name, value) in parts {
        // Setting a property of a plain object cannot fail.
        js_sys::Reflect::set(&fault, &name.into(), &value).ok();
    }
    fault.into()
}
