//! What is true without HTTP, SQL or a browser. Time, ids and randomness are handed in.
//!
//! | module | what it says |
//! |---|---|
//! | [`ids`], [`time`], [`mod@words`], [`org`] | the nouns: identities, instants, closed word lists, the organisation tree |
//! | [`record`] | a record: its reference, shape, genesis, document, merge cards and history |
//! | [`command`] | what a person does, as data; [`record::Record::execute`] makes a change of it |
//! | [`attachment`] | photos of an activity: their entries, and what a picture may be |
//! | [`event`] | review events, claims, and the status folded from them |
//! | [`view`] | records as people read them |
//! | [`access`] | who may write what, and when: one table |
//! | [`gate`] | whether the bytes of a change may enter a record |
//! | [`refusal`] | why not, for programs and for people |
//! | [`rule_book`], [`quorum`], [`points`], [`attendance`] | the rules of the trade, as data and arithmetic |
//! | [`reckoning`] | from records to quorums and points |
//! | [`wire`] | what travels; `PROTOCOL.md` says it for strangers |
//!
//! The words come from the trade's own glossary and mean one thing each: *org*, *member* (a person on a roster),
//! *account* (a login with posts at orgs), *device* (an enrolled key pair), *record*, *command*, *change* (what a
//! command became), *envelope* (signed changes), *receipt* (the server's durable answer), *collection* (what one org
//! shares for one year), *projection* (rows computed from the log), *quarantine* (refused changes, kept).

pub mod access;
pub mod attachment;
pub mod attendance;
pub mod command;
pub mod event;
pub mod gate;
pub mod ids;
pub mod org;
pub mod points;
pub mod quorum;
pub mod reckoning;
pub mod record;
pub mod refusal;
pub mod rule_book;
pub mod time;
pub mod view;
pub mod wire;
pub mod words;
