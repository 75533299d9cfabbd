//! Small repositories of every shape that public ones have, each taken through two stories: an
//! operator's (`init --alone`, `snapshot`, a client that lets unsigned packages through) and a
//! team's (`init`, `join`, `owner add --unclaimed`, `approve`, `sign`, a strict client).

mod follow;
mod given;
mod kinds;
mod stories;
mod told;
mod workshop;
