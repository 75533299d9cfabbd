//! The jobs of `hooks/ci/`: the commands in them, as the forge's runner runs them.

use crate::check::forge::{CONEX, Forge, told};
use crate::world::{OPAM, World, at, opam_path};

fn job(name: &str) -> String {
    let path = format!("{}/hooks/ci/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// The lines of the block that follows the line `start`, without their indentation.
fn block(text: &str, start: &str) -> String {
    let mut lines = text
        .lines()
        .skip_while(|l| l.trim() != start)
        .skip(1)
        .peekable();
    let indent = |l: &str| l.len() - l.trim_start().len();
    let depth = indent(lines.peek().unwrap());
    lines
        .take_while(|l| l.trim().is_empty() || indent(l) >= depth)
        .map(|l| format!("{}\n", l.get(depth..).unwrap_or_default()))
        .collect()
}

/// A clone as a runner has it, with two pull requests: one in order, one not. The
/// branch holds the tool.
fn forge() -> Forge {
    let mut world = World::usual();
    world.file("tools/conex", format!("#!/bin/sh\nexec {CONEX} \"$@\"\n"));
    let forge = Forge::new(&world);
    let mut bad = world.clone();
    world.file(&opam_path("fmt.1.1"), OPAM);
    let entries = vec![
        world.checksum("fmt.1.1", at(0, 1)),
        world.release_list("fmt", at(0, 2)),
    ];
    world.says("bob", entries);
    forge.branch("good", "main", &world);
    bad.file(&opam_path("fmt.1.0"), format!("{OPAM}x-edited: true\n"));
    // Whatever a pull request puts there is not run.
    bad.file("tools/conex", "#!/bin/sh\nexit 0\n");
    forge.branch("bad", "main", &bad);
    forge.sh(
        "git init -q --bare -b main ../origin.git && git push -q ../origin.git main \
           good:refs/pull/1/head bad:refs/pull/2/head
         git clone -q ../origin.git ../runner",
    );
    forge
}

#[test]
fn the_job_of_github_annotates_pull_requests() {
    let forge = forge();
    let script = block(&job("github-check.yml"), "run: |");
    assert!(script.contains("conex check"), "{script}");
    let run = |head: &str| {
        forge
            .command("bash")
            .args(["-e", "-c", &script])
            .current_dir(forge.home().join("runner"))
            .env("HEAD_SHA", forge.git(&["rev-parse", head]))
            .output()
            .unwrap()
    };
    let good = run("good");
    assert!(good.status.success(), "{}", told(&good));
    assert!(told(&good).contains("::notice title=conex::mergeable into HEAD"));
    let bad = run("bad");
    assert_eq!(bad.status.code(), Some(1), "{}", told(&bad));
    assert!(told(&bad).contains("::error file=packages/fmt/fmt.1.0/opam"));
}

#[test]
fn the_job_of_gitlab_checks_merge_requests() {
    let forge = forge();
    let text = job("gitlab-check.yml");
    let script: String = block(&text, "script:")
        .lines()
        .filter(|l| !l.trim_start().starts_with('#') && l.trim() != "- |")
        .map(|l| format!("{}\n", l.trim_start().trim_start_matches("- ")))
        .collect();
    let run = |commit: &str| {
        let runner = forge.home().join("runner");
        forge.git(&["-C", "../runner", "fetch", "-q", "origin", commit]);
        forge
            .command("bash")
            .args(["-e", "-c", &script])
            .env("CI_PROJECT_DIR", &runner)
            .env("CI_COMMIT_SHA", commit)
            .env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
            .current_dir(runner)
            .output()
            .unwrap()
    };
    let good = run(&forge.git(&["rev-parse", "good"]));
    assert!(good.status.success(), "{}\n{script}", told(&good));
    let bad = run(&forge.git(&["rev-parse", "bad"]));
    assert_eq!(bad.status.code(), Some(1), "{}", told(&bad));
    assert!(told(&bad).contains("E014"), "{}", told(&bad));
}

/// User story: a green check means that nothing waits any more, and a red one says in the summary
/// what is missing.
#[test]
fn the_action_runs_what_was_pinned_and_writes_a_summary() {
    let forge = forge();
    let script = block(&job("action/action.yml"), "run: |");
    let tool = forge.home().join("tool");
    std::fs::write(&tool, format!("#!/bin/sh\nexec {CONEX} \"$@\"\n")).unwrap();
    let sum = forge.sh("sha256sum ../tool | cut -d' ' -f1");
    let run = |head: &str, sum: &str| {
        let summary = forge.home().join("summary");
        let _ = std::fs::remove_file(&summary);
        let output = forge
            .command("bash")
            .args(["-e", "-o", "pipefail", "-c", &script])
            .current_dir(forge.home().join("runner"))
            .env("RUNNER_TEMP", forge.home())
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("URL", format!("file://{}", tool.display()))
            .env("SHA256", sum)
            .env("BASE", "HEAD")
            .env("COMPLETE", "true")
            .env("HEAD_SHA", forge.git(&["rev-parse", head]))
            .output()
            .unwrap();
        (output, std::fs::read_to_string(summary).unwrap_or_default())
    };
    let (good, summary) = run("good", sum.trim());
    assert!(good.status.success(), "{}", told(&good));
    assert!(summary.contains("    mergeable into HEAD"), "{summary}");
    let (bad, summary) = run("bad", sum.trim());
    assert_eq!(bad.status.code(), Some(1), "{}", told(&bad));
    assert!(told(&bad).contains("::error file=packages/fmt/fmt.1.0/opam"));
    assert!(
        summary.contains("E014") && summary.lines().all(|l| l.starts_with("    ")),
        "{summary}"
    );
    // Another executable than the one that was pinned is not run.
    let (other, summary) = run("good", &"0".repeat(64));
    assert!(
        !other.status.success() && summary.is_empty(),
        "{}",
        told(&other)
    );
    assert!(!told(&other).contains("mergeable"), "{}", told(&other));
}
