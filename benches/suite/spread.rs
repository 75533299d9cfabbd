//! Who owns how many packages, in the shape of opam-repository.
//!
//! There, about 770 people own 4,486 packages: ten of them 24 %, fifty 53 %, and 374 have one.
//! Here the id of rank `r`, counted from 1, owns in proportion to `(r + 8)^-1.15`, rounded down,
//! and one package at least. With other numbers of packages the ranks are stretched, so that the
//! shape stays: ten of 770 become forty of 3,080.

/// The packages of opam-repository, where this was counted.
const PACKAGES: f64 = 4486.0;
/// The people who own them.
const OWNERS: f64 = 770.0;
const SHIFT: f64 = 8.0;
const EXPONENT: f64 = -1.15;

/// How many packages each owner has, the largest first: for so many packages in all.
pub fn spread(packages: usize) -> Vec<usize> {
    let stretch = packages as f64 / PACKAGES;
    let owners = ((OWNERS * stretch).round() as usize).clamp(1, packages.max(1));
    let shares = |scale: f64| -> Vec<usize> {
        let share = |rank: usize| scale * (rank as f64 / stretch + SHIFT).powf(EXPONENT);
        let share = |rank| (share(rank).floor() as usize).max(1);
        (1..=owners).map(share).collect()
    };
    // The scale with which all are handed out.
    let (mut low, mut high) = (0.0, 1e9);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if shares(middle).iter().sum::<usize>() > packages {
            high = middle;
        } else {
            low = middle;
        }
    }
    let mut shares = shares(low);
    // What rounding leaves is handed out one by one.
    let left = packages - shares.iter().sum::<usize>();
    for n in 0..left {
        shares[n % owners] += 1;
    }
    shares
}

/// The spread in words.
pub fn described(shares: &[usize]) -> String {
    let packages: usize = shares.iter().sum();
    let stretch = packages as f64 / PACKAGES;
    let first = |count: f64| {
        let count = ((count * stretch).round() as usize).clamp(1, shares.len());
        let share = shares[..count].iter().sum::<usize>() as f64 / packages as f64;
        format!("{count} own {:.0} %", 100.0 * share)
    };
    let one = shares.iter().filter(|share| **share == 1).count();
    format!(
        "{} owners: {}, {}, {one} have one package",
        shares.len(),
        first(10.0),
        first(50.0)
    )
}
