//! How SQLite carries out the statements that take many keys at once: the list that was handed in is walked once, on the
//! outside. Walked inside, anew for each row of a table, it costs the product of both, which shows only when a district
//! is large.

use sqlx::{AssertSqlSafe, Row as _, SqlSafeStr as _, SqlitePool};
use tempfile::TempDir;

use super::catalogue;
use super::statements::{is_statement, literals, sources};

/// What a plan calls `json_each`: there are no other virtual tables.
const LIST: &str = "VIRTUAL TABLE";

/// One line of a plan: its loops stand under one parent from the outside to the inside.
struct Step {
    id: i64,
    parent: i64,
    detail: String,
}

#[tokio::test]
async fn a_list_that_is_handed_in_is_walked_once() {
    let folder = TempDir::new().unwrap();
    let pool = catalogue::sqlite(&folder).await;
    let (mut count, mut walked) = (0, 0);
    for path in
        sources().into_iter().filter(|path| path.components().any(|part| part.as_os_str() == "sqlite"))
    {
        let source = std::fs::read_to_string(&path).unwrap();
        let statements = literals(&source).into_iter().filter(|text| is_statement(text));
        for statement in statements.filter(|text| text.contains("json_each")) {
            let plan = plan(&pool, &statement).await;
            walked += plan.iter().filter(|step| step.detail.contains(LIST)).count();
            assert_eq!(inner_list(&plan), None, "{}: {statement}", path.display());
            count += 1;
        }
    }
    assert!(count > 15 && walked >= count, "{count} statements walk {walked} lists");
}

#[tokio::test]
async fn a_list_inside_a_loop_is_seen() {
    let folder = TempDir::new().unwrap();
    let pool = catalogue::sqlite(&folder).await;
    for (statement, is_inner) in [
        ("SELECT 1 FROM records r CROSS JOIN json_each(?1) w WHERE r.record_id = w.value", true),
        (
            "SELECT 1 FROM records r WHERE EXISTS (SELECT 1 FROM json_each(?1) w WHERE w.value = r.record_id)",
            true,
        ),
        ("SELECT 1 FROM json_each(?1) w CROSS JOIN records r WHERE r.record_id = w.value", false),
        ("SELECT 1 FROM records r WHERE r.org IN (SELECT value FROM json_each(?1))", false),
    ] {
        assert_eq!(inner_list(&plan(&pool, statement).await).is_some(), is_inner, "{statement}");
    }
}

async fn plan(pool: &SqlitePool, statement: &str) -> Vec<Step> {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")).into_sql_str();
    let rows = sqlx::query(explain).fetch_all(pool).await.unwrap();
    let step = |row: &sqlx::sqlite::SqliteRow| Step {
        id: row.get("id"),
        parent: row.get("parent"),
        detail: row.get("detail"),
    };
    rows.iter().map(step).collect()
}

/// The step that walks a list inside of another loop.
fn inner_list(plan: &[Step]) -> Option<&str> {
    let is_loop = |step: &&Step| step.detail.starts_with("SCAN") || step.detail.starts_with("SEARCH");
    let lists = plan.iter().enumerate().filter(|(_, step)| step.detail.contains(LIST));
    let mut inner = lists.filter(|(at, list)| {
        let is_behind = plan[..*at].iter().filter(is_loop).any(|before| before.parent == list.parent);
        let is_correlated = ancestors(plan, list).any(|above| above.detail.contains("CORRELATED"));
        is_behind || is_correlated
    });
    inner.next().map(|(_, step)| step.detail.as_str())
}

fn ancestors<'p>(plan: &'p [Step], step: &'p Step) -> impl Iterator<Item = &'p Step> {
    std::iter::successors(Some(step), |below| plan.iter().find(|above| above.id == below.parent)).skip(1)
}
