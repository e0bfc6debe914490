//! The questions to start from in the guide are right.

use rusqlite::Connection;

use crate::queries::index;

/// The guide.
const GUIDE: &str = include_str!("../../../docs/index.md");

#[test]
fn questions_of_the_guide_have_answers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let (index, _, _) = index(&path);
    drop(index);
    let (_, rest) = GUIDE.split_once("```sql\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let questions: Vec<_> =
        block.split_inclusive(';').filter(|sql| sql.contains("SELECT")).collect();
    assert_eq!(questions.len(), 3);
    let connection = Connection::open(&path).unwrap();
    let mut answered = Vec::new();
    for sql in &questions {
        let mut statement = connection.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut count = 0;
        while rows.next().unwrap().is_some() {
            count += 1;
        }
        answered.push(count);
    }
    // The generated market has no worker of that application.
    assert!(answered[1] > 0 && answered[2] > 0, "{answered:?}");
}
