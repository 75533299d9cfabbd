(* What opam-file-format reads, in a form without ambiguity.

   Standard input: any number of texts, each as its length in decimal, a line
   end, and the bytes. Standard output: for each text one line,
   - "refused", or
   - "marker": not in the syntax, but of a later opam-version, so that the
     library gives a section called "#" instead of an exception, or
   - the tree in prefix notation, strings as LENGTH:BYTES in hexadecimal. *)

open OpamParserTypes.FullPos

let out = Buffer.create 65536
let put = Buffer.add_string out

let text s =
  put (string_of_int (String.length s));
  put ":";
  let digit d = Buffer.add_char out "0123456789abcdef".[d] in
  String.iter (fun c -> digit (Char.code c / 16); digit (Char.code c mod 16)) s

let relop = function
  | `Eq -> "=" | `Neq -> "!=" | `Geq -> ">=" | `Gt -> ">" | `Leq -> "<=" | `Lt -> "<"

let envop = function
  | OpamParserTypes.Eq -> "=" | PlusEq -> "+=" | EqPlus -> "=+"
  | ColonEq -> ":=" | EqColon -> "=:" | EqPlusEq -> "=+="

let rec value v = match v.pelem with
  | Bool b -> put (if b then "B1 " else "B0 ")
  | Int i -> put (Printf.sprintf "I%d " i)
  | String s -> put "S"; text s; put " "
  | Ident s -> put "N"; text s; put " "
  | List l -> put "L[ "; List.iter value l.pelem; put "] "
  | Group l -> put "G( "; List.iter value l.pelem; put ") "
  | Option (v, l) -> put "O "; value v; put "{ "; List.iter value l.pelem; put "} "
  | Relop (op, a, b) -> put ("R" ^ relop op.pelem ^ " "); value a; value b
  | Prefix_relop (op, a) -> put ("P" ^ relop op.pelem ^ " "); value a
  | Logop (op, a, b) -> put (if op.pelem = `And then "& " else "| "); value a; value b
  | Pfxop (op, a) -> put (if op.pelem = `Not then "! " else "? "); value a
  | Env_binding (a, op, b) -> put ("E" ^ envop op.pelem ^ " "); value a; value b

let rec item i = match i.pelem with
  | Variable (name, v) -> put "field "; text name.pelem; put " "; value v
  | Section s ->
    put "section "; text s.section_kind.pelem;
    Option.iter (fun n -> put " "; text n.pelem) s.section_name;
    put " { "; List.iter item s.section_items.pelem; put "} "

let dump source =
  match OpamParser.FullPos.string source "" with
  | exception (Out_of_memory | Stack_overflow as e) -> raise e
  | exception _ -> put "refused"
  | file ->
    let marker i = match i.pelem with
      | Section s -> s.section_kind.pelem = "#"
      | Variable _ -> false in
    if List.exists marker file.file_contents then put "marker"
    else (put "file "; List.iter item file.file_contents)

let () =
  set_binary_mode_in stdin true;
  set_binary_mode_out stdout true;
  try while true do
      dump (really_input_string stdin (int_of_string (input_line stdin)));
      put "\n";
      Buffer.output_buffer stdout out;
      Buffer.clear out
    done
  with End_of_file -> ()
