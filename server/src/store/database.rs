//! Which database a server keeps everything in: chosen once, at start.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::postgres::PostgresStore;
use super::sqlite::SqliteStore;
use super::{Store, StoreError};

/// A database.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// A file, for one server.
    Sqlite(PathBuf),
    /// A Postgres database, for any number of servers.
    Postgres {
        /// `postgres://user:password@host:port/name`.
        url: String,
        /// The most connections that this server uses.
        connections: u32,
    },
}

impl Database {
    /// Opens it, makes it if it is an empty one, and brings its schema up to date.
    pub async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
            Self::Postgres { url, connections } => Arc::new(PostgresStore::open(url, *connections).await?),
        })
    }

    /// Opens it if a district was founded in it; else answers `None`, and nothing is made.
    pub async fn open_existing(&self) -> Result<Option<Arc<dyn Store>>, StoreError> {
        Ok(match self {
            Self::Sqlite(path) if !path.is_file() => None,
            Self::Sqlite(_) => Some(self.open().await?),
            Self::Postgres { url, connections } => match PostgresStore::find(url, *connections).await? {
                Some(store) => Some(Arc::new(store)),
                None => None,
            },
        })
    }
}

/// The path, or the address without user, password and options.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres { url, .. } => {
                let place = url.split(['?', '#']).next().unwrap_or_default();
                let place = place.rsplit_once('@').or(place.split_once("://")).map_or("", |(_, place)| place);
                write!(f, "postgres://{place}")
            }
        }
    }
}

/// As it is shown: no password in a log.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            (
                "postgres://zhibu:s3cret@db.example.cn:5432/zhibu?sslmode=verify-full",
                "postgres://db.example.cn:5432/zhibu",
            ),
            ("postgres://zhibu:s3cr@et@db/zhibu", "postgres://db/zhibu"),
            ("postgres:///zhibu?host=/run/postgresql&password=s3cret", "postgres:///zhibu"),
            ("s3cret", "postgres://"),
        ] {
            let database = Database::Postgres { url: url.into(), connections: 1 };
            assert_eq!(database.to_string(), shown);
            assert_eq!(format!("{database:?}"), format!("Database({shown})"));
        }
    }
}
