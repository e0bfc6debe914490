//! Layout of results for people: aligned, and on a terminal no wider than it, so that no address is cut.

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use console::Term;

/// Blanks between two columns, and between two fields of a line.
const COLUMN_GAP: usize = 2;

/// Width of the terminal behind standard output; `None` if standard output is no terminal.
pub(crate) fn terminal_width() -> Option<usize> {
    let terminal = Term::stdout();
    terminal.is_term().then(|| terminal.size().1.into())
}

/// Names and values, a pair a line.
pub(crate) fn key_value_lines(fields: &[(String, String)], width: Option<usize>) -> String {
    let names = fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let available = width.map(|width| width.saturating_sub(names).saturating_sub(COLUMN_GAP));
    let rows = fields.iter().map(|(name, value)| {
        let words: Vec<_> = value.split(' ').collect();
        vec![name.clone(), wrap(&words, " ", available).join("\n")]
    });
    aligned(Table::new(), rows)
}

/// Rows under the titles of their columns; if that is too wide, each row as names and values.
pub(crate) fn table(columns: &[String], rows: &[Vec<String>], width: Option<usize>) -> String {
    let mut head = Table::new();
    head.set_header(columns);
    let table = aligned(head, rows.iter().cloned());
    if width.is_none_or(|width| table.lines().all(|line| line.chars().count() <= width)) {
        return table;
    }
    let records = rows.iter().map(|row| {
        let fields: Vec<_> = columns.iter().cloned().zip(row.iter().cloned()).collect();
        key_value_lines(&fields, width)
    });
    records.collect::<Vec<_>>().join("\n\n")
}

/// A line of words; if that is too wide, several lines, the later ones indented.
pub(crate) fn wrapped_line(words: &[String], width: Option<usize>) -> String {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    wrap(&words, "  ", width.map(|width| width.saturating_sub(COLUMN_GAP))).join("\n  ")
}

/// Words in lines of at most this width. A single word may be wider.
fn wrap(words: &[&str], gap: &str, width: Option<usize>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        let fits = |line: &str| {
            let parts = [line, gap, word].map(|part| part.chars().count());
            width.is_none_or(|width| parts.iter().sum::<usize>() <= width)
        };
        match lines.last_mut().filter(|line| fits(line)) {
            Some(line) => line.extend([gap, word]),
            None => lines.push((*word).to_owned()),
        }
    }
    lines
}

/// Rows without lines between them.
fn aligned(mut table: Table, rows: impl Iterator<Item = Vec<String>>) -> String {
    table.load_style(NOTHING).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned<const N: usize>(words: [&str; N]) -> [String; N] {
        words.map(str::to_owned)
    }

    #[test]
    fn a_table_that_fits_is_a_table() {
        let (columns, row) = (owned(["number", "account"]), owned(["1", "0xabcd"]).to_vec());
        let table = |width| table(&columns, &[row.clone(), row.clone()], width);
        let wide = "number  account\n1       0xabcd\n1       0xabcd";
        assert_eq!([None, Some(15)].map(table), [wide; 2]);
        let narrow = "number   1\naccount  0xabcd\n\nnumber   1\naccount  0xabcd";
        assert_eq!(table(Some(14)), narrow);
    }

    #[test]
    fn values_wrap_between_words_only() {
        let fields = [("testers".to_owned(), "0x01 0x02 0x03".to_owned())];
        assert_eq!(key_value_lines(&fields, None), "testers  0x01 0x02 0x03");
        assert_eq!(key_value_lines(&fields, Some(18)), "testers  0x01 0x02\n         0x03");
        assert_eq!(
            key_value_lines(&fields, Some(1)),
            "testers  0x01\n         0x02\n         0x03"
        );
    }

    #[test]
    fn a_line_that_is_too_wide_continues_indented() {
        let words = owned(["Started", "start=1", "end=2"]);
        assert_eq!(wrapped_line(&words, None), "Started  start=1  end=2");
        assert_eq!(wrapped_line(&words, Some(18)), "Started  start=1\n  end=2");
        assert_eq!(wrapped_line(&words, Some(17)), "Started\n  start=1  end=2");
    }
}
