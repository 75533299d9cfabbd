//! Faults while the hook runs: what is not valid, or older than what was accepted, is refused
//! whatever fails.

use super::calls::{chosen, faults, is_told, not_started, options};
use crate::killed::cases::Case;
use crate::killed::run::{Told, Victim};
use crate::town::told as text;

const STATE: &str = "--anchors \"$ANCHORS\" --quorum 2 --state-dir $HOME/state";

/// A client that accepted the second of two states, with the first one in the place of opam's copy.
const BEFORE: &str = "cd ..; mkdir state old new default; git -C work archive main | tar -x -C old; cd work
    edit fmt.1.0 Mine; by alice conex sign --yes; commit; git archive main | tar -x -C ../new; cp -r ../new/. ../default
    conex verify --repo $HOME/default --dir $HOME/new STATE
    rm -r ../default/*; cp -r ../old/. ../default; cp -r ../new ../evil; sed -i s/Mine/Evil/ ../evil/packages/fmt/fmt.1.0/opam
    cd ..; mkdir side; cp -r new side/r; cp -r evil side/r.new; cp -r new r
    (cd side; diff -ruaN r r.new > ../evil.patch) || true; cd work";

/// What is served, and how opam asks.
const HOSTILE: [(&str, &str); 3] = [
    (
        "an older state",
        "conex verify --repo $HOME/default --dir $HOME/old STATE",
    ),
    (
        "a changed file",
        "conex verify --repo $HOME/default --dir $HOME/evil STATE",
    ),
    (
        "a patch of nobody",
        "conex verify --repo $HOME/r --patch $HOME/evil.patch --incremental=true STATE",
    ),
];

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_fault_makes_nobody_accept_what_is_refused() {
    for (name, command) in HOSTILE {
        let (before, command) = (
            BEFORE.replace("STATE", STATE),
            command.replace("STATE", STATE),
        );
        let (before, command) = (before.leak(), format!("{command} || exit $?").leak());
        // Whoever counts the calls takes an exit status of 0 alone.
        let counted = format!("{command}; true")
            .replace("|| exit $?", "|| true")
            .leak();
        let case = |command| Case {
            name,
            before,
            command,
            ..Case::EMPTY
        };
        let counting = case(&*counted);
        let all = faults(&Told::new(&counting));
        assert!(all.len() > 100, "{name}: {} faults", all.len());
        let hostile = case(&*command);
        let told = Told::new(&hostile);
        let refused = told.traced(Victim::Conex, "-o /dev/null -e trace=getpid");
        assert_eq!(refused.status.code(), Some(1), "{name}: {}", text(&refused));
        let some = chosen(all, 8, name);
        for fault in &some {
            let ran = told.traced(Victim::Conex, &options(fault));
            let at = format!("{name}: {fault:?}");
            assert!(!ran.status.success(), "{at}: accepted: {}", text(&ran));
            if !not_started(&ran) {
                is_told(&at, fault, &ran);
            }
        }
        println!("{name}: {} faults, refused each time", some.len());
    }
}
