//! What hostile devices send: each attack is refused with its own code, fast, in little memory, and disturbs nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[expect(dead_code, reason = "each test binary plays only a part of the cast")]
mod support;

#[path = "attacks/bombs.rs"]
mod bombs;
#[path = "attacks/bytes.rs"]
mod bytes;
#[path = "attacks/cost.rs"]
mod cost;
#[path = "attacks/floods.rs"]
mod floods;
#[path = "attacks/photos.rs"]
mod photos;
#[path = "attacks/rights.rs"]
mod rights;
#[path = "attacks/structure.rs"]
mod structure;
#[path = "attacks/values.rs"]
mod values;
#[path = "attacks/wire.rs"]
mod wire;

use std::time::Duration;

use support::{Cast, Phone, Server, mark, minutes, place, title};
use zhibu_domain::access::Author;
use zhibu_domain::refusal::RefusalCode;

/// Largest memory that judging one attack may take. Decoding as many operations as may be takes nine tenths of it.
const MOST_BYTES: usize = 10 << 20;
/// Longest that judging one attack may keep a processor, also without optimisation.
const LONGEST: Duration = Duration::from_millis(500);

/// An activity in the middle of its life: a title, a disagreement on the place, marks, minutes.
fn activity(cast: &Cast) -> Server<'_> {
    let mut server = Server::new(cast, cast.activity());
    server.accept(&cast.secretary(), &title("十一月主题党日"));
    let (mut one, mut two) = (server.phone(cast.secretary()), server.phone(cast.recorder()));
    for (phone, text) in [(&mut one, "村委会"), (&mut two, "文化广场")] {
        server.receive(&phone.author, &phone.clone().write(&place(text))).unwrap();
    }
    server.accept(&cast.secretary(), &mark(7, "present"));
    server.accept(&cast.recorder(), &minutes("", "学习文件，讨论修路。"));
    server
}

/// Delivers an attack: it must be refused with this code, within the bounds, and leave everything as it was.
fn refused(server: &mut Server<'_>, author: &Author, attack: &[u8], code: RefusalCode) {
    let before = (server.index.clone(), server.record.heads(), server.log.len());
    let (answer, cost) = cost::cost(|| server.receive(author, attack));
    assert!(cost.time < LONGEST, "judged in {:?}", cost.time);
    assert_eq!(answer.map_err(|refusal| refusal.code), Err(code));
    assert!(cost.bytes < MOST_BYTES, "{} bytes at once", cost.bytes);
    assert_eq!(format!("{:?}", server.index), format!("{:?}", before.0), "the index is as before");
    assert_eq!((server.record.heads(), server.log.len()), (before.1, before.2));
    if server.record.reference().kind == zhibu_domain::record::RecordKind::Activity
        && server.index.status().is_open()
    {
        let next = format!("下一个题目{}", server.log.len());
        server.accept(&server_secretary(), &title(&next));
    }
}

fn server_secretary() -> Author {
    Cast::new().secretary()
}

/// The secretary's phone, up to date.
fn secretary(server: &Server<'_>) -> Phone {
    server.phone(server_secretary())
}
