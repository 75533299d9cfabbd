//! How a verdict reaches the user of opam, who sees nothing of what a hook prints.

use crate::hint::Hint;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::shell::report::neutral;
use crate::shell::write::{PRIVATE_STATE, write};
use conex_verify::format::digest::Digest;

/// The terminal of whoever runs opam, whatever became of the standard streams.
pub const TERMINAL: &str = "/dev/tty";

/// Where the report on one repository goes.
#[derive(Debug)]
pub struct Reporter {
    /// The repository, as opam calls it.
    pub name: String,
    /// The state directory, if anything is kept.
    pub state: Option<PathBuf>,
}

/// The file below the state directory that holds the last report on a repository.
fn file_of(name: &str) -> String {
    format!("reports/{}.txt", Digest::of(name.as_bytes()).short())
}

/// The file that names the repository of the last report.
const LAST: &str = "reports/last";

impl Reporter {
    /// Keeps the report, and says so on the terminal, if there is one: in one line why, and in
    /// one where the report is.
    ///
    /// # Errors
    /// The report cannot be kept, which changes no verdict.
    pub fn tell(&self, line: &str, report: &str) -> Result<(), String> {
        let kept = self.keep(report);
        let whole = match &kept {
            Ok(Some(path)) => Hint::WholeReport {
                path: path.display().to_string(),
            }
            .to_string(),
            Ok(None) => String::new(),
            Err(why) => format!("the report cannot be kept: {why}"),
        };
        let whole = match whole.as_str() {
            "" => String::new(),
            whole => format!("conex: {whole}\r\n"),
        };
        // opam is in the middle of a status line of its own.
        let text = format!("\r\nconex: {}: {line}\r\n{whole}", neutral(&self.name));
        if let Ok(mut terminal) = OpenOptions::new().write(true).open(TERMINAL) {
            let _ = terminal.write_all(text.as_bytes());
        }
        kept.map(drop)
    }

    /// Writes the report where [`last`] finds it, and says where that is.
    ///
    /// # Errors
    /// It cannot be written, which changes no verdict.
    pub fn keep(&self, report: &str) -> Result<Option<PathBuf>, String> {
        let Some(state) = &self.state else {
            return Ok(None);
        };
        let file = file_of(&self.name);
        let text = format!("repository `{}`\n\n{report}", neutral(&self.name));
        std::fs::create_dir_all(state).map_err(|e| e.to_string())?;
        write(state, &file, text.as_bytes(), PRIVATE_STATE).map_err(|e| e.to_string())?;
        write(state, LAST, self.name.as_bytes(), PRIVATE_STATE).map_err(|e| e.to_string())?;
        Ok(Some(state.join(file)))
    }
}

/// The last report on a repository, or the last one of all.
///
/// # Errors
/// There is none.
pub fn last(state: &Path, name: Option<&str>) -> std::io::Result<String> {
    let name = match name {
        Some(name) => name.to_owned(),
        None => std::fs::read_to_string(state.join(LAST))?,
    };
    std::fs::read_to_string(state.join(file_of(&name)))
}
