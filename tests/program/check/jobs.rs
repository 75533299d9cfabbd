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

/// A tool as it is handed out, beside the repository, and its sum.
fn handed_out(forge: &Forge) -> (String, String) {
    let tool = forge.home().join("tool");
    std::fs::write(&tool, format!("#!/bin/sh\nexec {CONEX} \"$@\"\n")).unwrap();
    let sum = forge.sh("sha256sum ../tool | cut -d' ' -f1");
    (format!("file://{}", tool.display()), sum.trim().to_owned())
}

/// User story: a green check means that nothing waits any more, and a red one says in the summary
/// what is missing.
#[test]
fn the_action_runs_what_was_pinned_and_writes_a_summary() {
    let forge = forge();
    let script = block(&job("action/action.yml"), "run: |");
    let (url, sum) = handed_out(&forge);
    let run = |head: &str, sum: &str| {
        let summary = forge.home().join("summary");
        let _ = std::fs::remove_file(&summary);
        let output = forge
            .command("bash")
            .args(["-e", "-o", "pipefail", "-c", &script])
            .current_dir(forge.home().join("runner"))
            .env("RUNNER_TEMP", forge.home())
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("URL", &url)
            .env("SHA256", sum)
            .env("BASE", "HEAD")
            .env("COMPLETE", "true")
            .env("HEAD_SHA", forge.git(&["rev-parse", head]))
            .output()
            .unwrap();
        (output, std::fs::read_to_string(summary).unwrap_or_default())
    };
    let (good, summary) = run("good", &sum);
    assert!(good.status.success(), "{}", told(&good));
    assert!(summary.contains("    mergeable into HEAD"), "{summary}");
    let (bad, summary) = run("bad", &sum);
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

#[test]
fn the_template_of_gitlab_runs_what_was_pinned_and_links_to_what_it_said() {
    let forge = forge();
    let text = job("gitlab-template.yml");
    let script = block(&text, "- |");
    for input in ["url", "sha256", "complete"] {
        assert!(
            text.contains(&format!(": $[[ inputs.{input} ]]")),
            "{input}"
        );
        assert!(text.contains(&format!("\n    {input}:\n")), "{input}");
    }
    assert!(text.contains("paths: [conex.txt]"), "{text}");
    let (url, sum) = handed_out(&forge);
    let runner = forge.home().join("runner");
    let run = |head: &str, sum: &str| {
        let said = runner.join("conex.txt");
        let _ = std::fs::remove_file(&said);
        let commit = forge.git(&["rev-parse", head]);
        forge.git(&["-C", "../runner", "fetch", "-q", "origin", &commit]);
        let output = forge
            .command("sh")
            .args(["-e", "-c", &script])
            .current_dir(&runner)
            .env("CI_PROJECT_DIR", &runner)
            .env("CI_COMMIT_SHA", commit)
            .env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
            .env("URL", &url)
            .env("SHA256", sum)
            .env("COMPLETE", "true")
            .output()
            .unwrap();
        (output, std::fs::read_to_string(said).unwrap_or_default())
    };
    let (good, said) = run("good", &sum);
    assert!(good.status.success(), "{}\n{script}", told(&good));
    assert!(said.contains("mergeable into"), "{said}");
    let (bad, said) = run("bad", &sum);
    assert_eq!(bad.status.code(), Some(1), "{}", told(&bad));
    assert!(said.contains("E014"), "{said}");
    let (other, said) = run("good", &"0".repeat(64));
    assert!(
        !other.status.success() && said.is_empty(),
        "{}",
        told(&other)
    );
}

/// The job signs with the key of its settings, which lies in no file afterwards, and makes a draft of all files.
/// tests/packages runs the real `hooks/release`.
#[test]
fn the_job_that_makes_a_release_hands_its_settings_over() {
    let forge = Forge::new(&World::usual());
    let text = job("github-release.yml");
    let (first, second) = text.split_once("- name: Draft it").unwrap();
    let [made, drafted] = [first, second].map(|step| block(step, "run: |"));
    forge.sh(
        r#"ssh-keygen -q -t ed25519 -N '' -C '' -f ../key && mkdir -p hooks ../bin ../temp && touch CHANGELOG.md
           cat > hooks/release << 'EOF'
#!/bin/bash
set -eu
printf '%s\n' "$@" > "$HOME/told"
stat -c %a "$5" > "$HOME/mode"
cmp "$5" "$HOME/key"
diff <(cut -d' ' -f1,2 "$5.pub") <(cut -d' ' -f1,2 "$HOME/key.pub")
mkdir "$3" && touch "$3/SHA256SUMS" "$3/conex"
EOF
           printf '#!/bin/sh\necho rustup "$@" >> "$HOME/called"\n' > ../bin/rustup
           printf '#!/bin/sh\necho gh "$@" >> "$HOME/called"\n' > ../bin/gh
           chmod 755 hooks/release ../bin/*"#,
    );
    let read = |name: &str| std::fs::read_to_string(forge.home().join(name)).unwrap();
    for script in [&made, &drafted] {
        let mut command = forge.command("bash");
        let path = command
            .get_envs()
            .find(|(name, _)| *name == "PATH")
            .and_then(|(_, value)| value)
            .unwrap()
            .to_owned();
        let bin = forge.home().join("bin").display().to_string();
        let output = command
            .args(["-e", "-o", "pipefail", "-c", script])
            .env("PATH", format!("{bin}:{}", path.to_str().unwrap()))
            .env("RUNNER_TEMP", forge.home().join("temp"))
            .env("TAG", "v1.0")
            .env("KEY", read("key").trim_end())
            .env("DOWNLOADS", "https://example.org/files")
            .env("TARGETS", "one two")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}\n{script}", told(&output));
    }
    let temp = forge.home().join("temp").display().to_string();
    let wanted = format!(
        "make v1.0 {temp}/release --sign-with {temp}/release-key --downloads https://example.org/files one two"
    );
    assert_eq!(read("told").lines().collect::<Vec<_>>().join(" "), wanted);
    assert_eq!(read("mode").trim(), "600");
    let called = read("called");
    assert!(
        called.contains("rustup target add -- one\nrustup target add -- two"),
        "{called}"
    );
    assert!(
        called.contains("gh release create v1.0 --draft"),
        "{called}"
    );
    assert!(
        called.contains(&format!("{temp}/release/SHA256SUMS {temp}/release/conex")),
        "{called}"
    );
    assert!(!forge.home().join("temp/release-key").exists());
    assert!(!forge.home().join("temp/release-key.pub").exists());
}
