//! The check of a repository gives up what it does not need, before it reads what somebody else
//! wrote.
//!
//! What a server sends is read by parsers. Should one of them have a fault that nobody found, the
//! process can still do little: it reads what it was given and writes its own state. Linux has two
//! means, landlock for files and seccomp for system calls; where the kernel has neither, or another
//! system runs, the verdict is the same and the process is as free as it was. A process that gave
//! something up cannot take it back, nor can its threads, so this happens before there are any.

use std::fmt;
use std::path::Path;

/// What the process may still touch. What is not there is left out.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// Files, and directories with all below them, that are read.
    pub read: &'a [&'a Path],
    /// Directories in which files are made, changed and removed, and files that are written.
    pub write: &'a [&'a Path],
}

/// How far the process is confined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confinement {
    /// Whether all of landlock that conex asks for is in force, or why nothing of it is.
    pub files: Result<Extent, String>,
    /// Whether seccomp is in force, or why not.
    pub calls: Result<(), String>,
}

/// How much of landlock this kernel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Files, connections, and other processes.
    Whole,
    /// What a kernel before 6.12 has.
    Part,
}

impl fmt::Display for Confinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.files {
            Ok(Extent::Whole) => f.write_str("other files are out of reach (landlock)")?,
            Ok(Extent::Part) => {
                f.write_str("other files are out of reach, as far as this kernel's landlock goes")?
            }
            Err(why) => write!(f, "other files are not out of reach: {why}")?,
        }
        match &self.calls {
            Ok(()) => f.write_str("; no network and no other program (seccomp)"),
            Err(why) => write!(f, "; system calls are as ever: {why}"),
        }
    }
}

/// Confines this thread, and all that it starts from now on.
#[cfg(target_os = "linux")]
pub fn confine(places: Places<'_>) -> Confinement {
    // landlock first: a filter of system calls does not let its calls through on every kernel.
    let files = linux::files(places);
    Confinement {
        files,
        calls: linux::calls(),
    }
}

/// Says that this system has no such means.
#[cfg(not(target_os = "linux"))]
pub fn confine(places: Places<'_>) -> Confinement {
    let Places { read: _, write: _ } = places;
    let why = || "conex confines itself on Linux only".to_owned();
    Confinement {
        files: Err(why()),
        calls: Err(why()),
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;
    use std::path::Path;

    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr,
        RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
    };
    use seccompiler::{
        SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch, apply_filter,
    };

    use super::{Extent, Places};

    /// What is asked for; older kernels give what they have.
    const ASKED: ABI = ABI::V6;

    /// How many processors there are is read here, for the number of threads.
    const OF_THE_SYSTEM: [&str; 4] = [
        "/proc/self/cgroup",
        "/proc/self/mountinfo",
        "/sys/fs/cgroup",
        "/sys/devices/system/cpu",
    ];

    pub(super) fn files(places: Places<'_>) -> Result<Extent, String> {
        let opened = |paths: &[&Path]| paths.iter().filter_map(|path| open(path)).collect();
        let (read, write): (Result<Vec<_>, _>, Result<Vec<_>, _>) =
            (opened(places.read), opened(places.write));
        // Without a rule for what is there, it could not be read.
        let (read, write) = (read?, write?);
        match restrict(&read, &write) {
            Ok(RulesetStatus::FullyEnforced) => Ok(Extent::Whole),
            Ok(RulesetStatus::PartiallyEnforced) => Ok(Extent::Part),
            Ok(RulesetStatus::NotEnforced) => Err("this kernel has no landlock".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// A place, and whether it is a directory; nothing where nothing is there.
    fn open(path: &Path) -> Option<Result<(PathFd, bool), String>> {
        match PathFd::new(path) {
            Ok(fd) => Some(Ok((fd, path.is_dir()))),
            Err(_) if !path.exists() => None,
            Err(error) => Some(Err(error.to_string())),
        }
    }

    fn restrict(
        read: &[(PathFd, bool)],
        write: &[(PathFd, bool)],
    ) -> Result<RulesetStatus, RulesetError> {
        let all = AccessFs::from_all(ASKED);
        let look = AccessFs::ReadFile | AccessFs::ReadDir;
        let change = look
            | AccessFs::WriteFile
            | AccessFs::Truncate
            | AccessFs::MakeReg
            | AccessFs::MakeDir
            | AccessFs::RemoveFile
            | AccessFs::RemoveDir
            | AccessFs::Refer;
        let done = Ruleset::default()
            .handle_access(all)?
            .handle_access(AccessNet::from_all(ASKED))?
            .scope(Scope::from_all(ASKED))?
            .create()?
            .add_rules(rules(read, look))?
            .add_rules(path_beneath_rules(OF_THE_SYSTEM, look))?
            .add_rules(rules(write, change))?
            .restrict_self()?;
        Ok(done.ruleset)
    }

    /// Of a file the rights that a file can have.
    fn rules(
        places: &[(PathFd, bool)],
        rights: BitFlags<AccessFs>,
    ) -> impl Iterator<Item = Result<PathBeneath<&PathFd>, RulesetError>> {
        let of_a_file = AccessFs::from_file(ASKED);
        places.iter().map(move |(fd, is_directory)| {
            let rights = if *is_directory {
                rights
            } else {
                rights & of_a_file
            };
            Ok(PathBeneath::new(fd, rights))
        })
    }

    /// What neither a check nor a thread of one calls: other programs and processes, the network,
    /// and what has let processes out of confinements before. It lists what is refused and not
    /// what is let through, for a C library may call tomorrow what it does not call today, and
    /// nobody's update should fail for that.
    const REFUSED: &[libc::c_long] = &[
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_pidfd_send_signal,
        libc::SYS_kcmp,
        libc::SYS_kill,
        libc::SYS_tkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_sendmmsg,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_memfd_create,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_move_mount,
        libc::SYS_open_tree,
        libc::SYS_fsopen,
        libc::SYS_fsmount,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_open_by_handle_at,
        libc::SYS_name_to_handle_at,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_personality,
        libc::SYS_fchmodat,
        libc::SYS_fchownat,
        libc::SYS_fchown,
        libc::SYS_utimensat,
        libc::SYS_setxattr,
        libc::SYS_lsetxattr,
        libc::SYS_fsetxattr,
        libc::SYS_removexattr,
        libc::SYS_lremovexattr,
        libc::SYS_fremovexattr,
    ];

    /// The same by the names that only this architecture has.
    #[cfg(target_arch = "x86_64")]
    const OLD: &[libc::c_long] = &[
        libc::SYS_fork,
        libc::SYS_vfork,
        libc::SYS_chmod,
        libc::SYS_chown,
        libc::SYS_lchown,
        libc::SYS_utime,
        libc::SYS_utimes,
        libc::SYS_futimesat,
        libc::SYS_iopl,
        libc::SYS_ioperm,
        libc::SYS_modify_ldt,
    ];
    #[cfg(not(target_arch = "x86_64"))]
    const OLD: &[libc::c_long] = &[];

    /// What puts characters into a terminal as if its user had typed them: the shell runs them when
    /// the hook has ended, and the terminal was open before. TIOCSTI and TIOCLINUX, which have these
    /// numbers wherever there is a filter, and a type of their own in each C library.
    const TYPES: [u64; 2] = [0x5412, 0x541c];

    /// Calls of x86_64 with this bit are those of a second interface, x32, which most kernels lack.
    const X32: libc::c_long = 0x4000_0000;
    /// The numbers that only x32 has.
    const X32_ALONE: std::ops::RangeInclusive<libc::c_long> = 512..=547;

    pub(super) fn calls() -> Result<(), String> {
        let arch = TargetArch::try_from(std::env::consts::ARCH)
            .map_err(|_| format!("no filter for {}", std::env::consts::ARCH))?;
        let failed = |error: seccompiler::Error| error.to_string();
        for (rules, errno) in [
            (refused()?, libc::EPERM),
            // A C library asks for `clone` where there is no `clone3`, whose flags no filter sees.
            ([(libc::SYS_clone3, Vec::new())].into(), libc::ENOSYS),
        ] {
            let answer = SeccompAction::Errno(errno.unsigned_abs());
            let filter = SeccompFilter::new(rules, SeccompAction::Allow, answer, arch);
            let filter = filter.map_err(|e| failed(e.into()))?;
            let program: seccompiler::BpfProgram = filter
                .try_into()
                .map_err(|e: seccompiler::BackendError| failed(e.into()))?;
            apply_filter(&program).map_err(failed)?;
        }
        Ok(())
    }

    /// Each refused call, with the rules of which one must hold; none: always.
    fn refused() -> Result<BTreeMap<i64, Vec<SeccompRule>>, String> {
        let rule = |argument, size, operator, value: u64| {
            SeccompCondition::new(argument, size, operator, value)
                .and_then(|condition| SeccompRule::new(vec![condition]))
                .map_err(|error| error.to_string())
        };
        let thread = u64::try_from(libc::CLONE_THREAD).unwrap_or_default();
        let is_thread = SeccompCmpOp::MaskedEq(thread);
        let other_process = rule(0, SeccompCmpArgLen::Qword, is_thread, 0)?;
        // The kernel looks at 32 bits of the number.
        let types = TYPES.map(|number| rule(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, number));
        let types = types.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = REFUSED
            .iter()
            .chain(OLD)
            .map(|call| (*call, Vec::new()))
            .collect();
        rules.insert(libc::SYS_clone, vec![other_process]);
        rules.insert(libc::SYS_ioctl, types);
        if cfg!(target_arch = "x86_64") {
            let both: Vec<_> = rules
                .iter()
                .map(|(n, rule)| (n | X32, rule.clone()))
                .collect();
            rules.extend(both);
            rules.extend(X32_ALONE.map(|n| (n | X32, Vec::new())));
        }
        Ok(rules)
    }
}
