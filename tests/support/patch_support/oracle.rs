//! GNU patch, git and GNU diff, each asked through one shell that stays.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::Files;

/// A shell that runs the oracles in directories of memory, where there is such.
pub struct Oracle {
    shell: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    home: tempfile::TempDir,
}

/// What each line from the test asks for, and its answer: an exit status.
const SCRIPT: &str = r#"
while read -r what; do
  case $what in
    patch) (cd "$W/tree" && exec patch -p1 -i "$W/p") ;;
    apply) (cd "$W/tree" && exec git apply -p1 "$W/p") ;;
    diff) (cd "$W" && exec diff -ruaN r r.new >"$W/p") ;;
    git-diff) (cd "$W" && exec git -c core.quotePath=true diff --no-index --no-prefix --text --no-ext-diff -p b a >"$W/p") ;;
    git-plain) (cd "$W" && exec git -c core.quotePath=true -c diff.renames=false diff --no-index --no-prefix --text --no-ext-diff -p b a >"$W/p") ;;
  esac </dev/null >"$W/log" 2>&1
  echo $?
done
"#;

impl Oracle {
    pub fn start() -> Oracle {
        let memory = Path::new("/dev/shm");
        let home = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        }
        .unwrap();
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", "C")
            .env("TZ", "EST5")
            .env("HOME", home.path())
            .env("W", home.path())
            .env("GIT_CEILING_DIRECTORIES", home.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh");
        let to = shell.stdin.take().unwrap();
        let from = BufReader::new(shell.stdout.take().unwrap());
        Oracle {
            shell,
            to,
            from,
            home,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn ask(&mut self, what: &str) -> i32 {
        writeln!(self.to, "{what}").unwrap();
        self.to.flush().unwrap();
        let mut answer = String::new();
        self.from.read_line(&mut answer).unwrap();
        answer.trim().parse().expect("a status")
    }

    /// Applies `patch` with `program`, `patch` or `apply`: the tree, if the status is 0.
    pub fn apply(&mut self, program: &str, old: &Files, patch: &[u8]) -> Option<Files> {
        self.write_tree(old);
        self.apply_again(program, patch)
    }

    /// Makes `files` the tree for [`Oracle::apply_again`].
    pub fn write_tree(&mut self, files: &Files) {
        write(&self.path("tree"), files);
    }

    /// Applies `patch` to the tree as the last call left it.
    pub fn apply_again(&mut self, program: &str, patch: &[u8]) -> Option<Files> {
        fs::write(self.path("p"), patch).unwrap();
        (self.ask(program) == 0).then(|| read(&self.path("tree")))
    }

    /// The patch from `old` to `new` by `program`: `diff`, `git-diff`, or `git-plain`, which is git
    /// without renames, as the hook sets a clone.
    pub fn diff(&mut self, program: &str, old: &Files, new: &Files) -> Vec<u8> {
        let (from, to) = match program {
            "diff" => ("r", "r.new"),
            _ => ("b", "a"),
        };
        write(&self.path(from), old);
        write(&self.path(to), new);
        assert!(self.ask(program) <= 1, "{}", self.log());
        fs::read(self.path("p")).unwrap()
    }

    /// What the programs said.
    pub fn log(&self) -> String {
        let log = fs::read(self.path("log")).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(2000)..]).into_owned()
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Makes `dir` hold exactly `files`.
pub fn write(dir: &Path, files: &Files) {
    let _ = fs::remove_dir_all(dir);
    fs::create_dir(dir).unwrap();
    for (name, bytes) in files {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The files below `dir`, whatever they are called; a link is no file.
pub fn read(dir: &Path) -> Files {
    let mut files = Files::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(next) = todo.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                todo.push(path);
            } else {
                let name = path
                    .strip_prefix(dir)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                let link = entry.file_type().unwrap().is_symlink();
                files.insert(
                    name,
                    if link {
                        b"link".to_vec()
                    } else {
                        fs::read(path).unwrap()
                    },
                );
            }
        }
    }
    files
}
