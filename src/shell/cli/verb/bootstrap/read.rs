//! Files that the verbs of `bootstrap` are handed.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::bootstrap::table::Table;
use crate::shell::cli::failure::Failure;

/// The largest history or table that is read: that of the largest repository has some megabytes.
const MAX_TEXT: u64 = 256 << 20;

/// The text of a file, or of standard input if it is called `-`.
pub fn text(path: &Path) -> Result<String, Failure> {
    let failed = |why: String| Failure::usage(format!("`{}`: {why}", path.display()), "");
    let mut bytes = Vec::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().take(MAX_TEXT + 1).read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(MAX_TEXT + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|e| failed(e.to_string()))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_TEXT {
        return Err(failed(format!("it has more than {MAX_TEXT} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| failed("it is not text in UTF-8".to_owned()))
}

/// The table in a file.
pub fn table(path: &Path) -> Result<Table, Failure> {
    Table::parse(&text(path)?).map_err(|error| {
        let fields = "a line is `package NAME OWNER STRENGTH SOURCE SEEN EVIDENCE`, `id ID SEEN WORDS` \
            or `team TEAM MEMBERS`";
        Failure::usage(format!("`{}`: {error}", path.display()), fields)
    })
}
