//! The hook cannot do what it does not need: hostile code in the real program tries to break out.

use std::net::TcpListener;
use std::process::Command;

use crate::hook::run::{Answer, Machine, gnu_patch, run, two};
use crate::machine::top;

const ATTEMPTS: [&str; 17] = [
    "read", "write", "truncate", "create", "chmod", "symlink", "link", "rename", "connect", "unix",
    "memory", "signal", "type", "fork", "clone3", "ptrace", "exec",
];

/// The library with the hostile code.
fn hostile(machine: &Machine) -> std::path::PathBuf {
    let library = machine.path("breakout.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(top("fixtures/breakout.c"))
        .arg("-ldl")
        .status();
    assert!(compiled.expect("cc, which Rust links with").success());
    library
}

/// What the hook says with the hostile code in it, and which attempts were successful.
fn breaks_out(machine: &Machine, mut command: Command, old_kernel: bool) -> (Answer, Vec<String>) {
    let secret = machine.path("home/secret");
    std::fs::write(&secret, "nobody gave this to the hook").unwrap();
    std::fs::create_dir_all(machine.state()).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    command
        .arg("--verbose")
        .env("LD_PRELOAD", hostile(machine))
        .env("BREAKOUT", &secret)
        .env("BREAKOUT_STATE", machine.state())
        .env("BREAKOUT_PORT", port.to_string());
    if old_kernel {
        command.env("OLD_KERNEL", "1");
    }
    let answer = run(command);
    answer.says("breakout end").says("breakout state ok");
    let succeeded = |name: &&&str| match (
        answer.text.contains(&format!("breakout {name} ok")),
        answer.text.contains(&format!("breakout {name} refused")),
    ) {
        (ok, refused) if ok != refused => ok,
        _ => panic!("{name} was not tried once: {}", answer.text),
    };
    let all = ATTEMPTS.iter().filter(succeeded);
    let all = all.map(ToString::to_string).collect();
    (answer, all)
}

/// A whole tree and a patch, in a kernel that has landlock and seccomp: each attempt fails, and
/// the verdict and the memory are those of a hook that is left alone.
#[test]
fn what_the_hook_does_not_need_is_out_of_reach() {
    let (old, new) = two();
    let machine = Machine::new();
    let patch = gnu_patch(&machine, &old, &new, "r");
    for command in [machine.full(&old, "r"), machine.update(&old, &patch, "r")] {
        let (answer, all) = breaks_out(&machine, command, false);
        answer.accepted().says(
            "other files are out of reach (landlock); no network and no other program (seccomp)",
        );
        assert_eq!(all, [""; 0], "{}", answer.text);
    }
    assert!(machine.memory().exists());
}

/// Where the kernel has neither, the verdict is the same, and the attempts are successful, so that
/// the test above can fail.
#[test]
fn without_landlock_and_seccomp_the_hook_judges_alike() {
    let (old, new) = two();
    let machine = Machine::new();
    let patch = gnu_patch(&machine, &old, &new, "r");
    run(machine.full(&old, "r")).accepted();
    let (answer, all) = breaks_out(&machine, machine.update(&old, &patch, "r"), true);
    answer
        .accepted()
        .says("other files are not out of reach: this kernel has no landlock")
        .says("system calls are as ever: ");
    assert_eq!(all, ATTEMPTS, "{}", answer.text);
}
