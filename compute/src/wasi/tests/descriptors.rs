//! Numbers, flags and rights of descriptors.

use super::{module, program};

/// Opens the first text for reading and writing, and makes it; `$open` returns its number.
pub(super) const OPEN: &str = "(func $open (param i32 i32) (result i32)
        (call $is (call $path_open #3 #0 (local.get 0) (local.get 1) #1 ##66 ##0 #0 #80) #0)
        (i32.load #80))";

fn opened(texts: &[&str], body: &str) {
    module(texts, OPEN, body).run();
}

#[test]
fn highest_closed_number_is_given_out_first() {
    opened(
        &["a"],
        "(call $is (call $open {0}) #4) (call $is (call $open {0}) #5) (call $is (call $open {0}) #6)
        (call $is (call $fd_close #6) #0) (call $is (call $fd_close #4) #0) (call $is (call $fd_close #5) #0)
        (call $is (call $open {0}) #6) (call $is (call $open {0}) #5) (call $is (call $open {0}) #4)
        (call $is (call $open {0}) #7)
        (call $is (call $fd_close #0) #0) (call $is (call $open {0}) #0)",
    );
}

#[test]
fn closed_number_is_no_descriptor() {
    opened(
        &["a"],
        "(drop (call $open {0})) (call $is (call $fd_close #4) #0) (call $is (call $fd_close #4) #8)
        (call $is (call $fd_sync #4) #8) (call $is (call $fd_close #99) #8)",
    );
}

#[test]
fn renumbering_moves_and_frees() {
    opened(
        &["a", "x"],
        "(drop (call $open {0})) (drop (call $open {0}))
        (call $is (call $fd_renumber #4 #5) #0)
        (call $is (call $fd_sync #4) #8) (call $is (call $fd_sync #5) #0)
        (call $is (call $fd_renumber #5 #5) #0)
        (call $is (call $fd_renumber #4 #5) #8) (call $is (call $fd_renumber #5 #4) #8)
        (call $is (call $open {0}) #4)
        ;; Standard output becomes a file.
        (call $is (call $fd_renumber #5 #1) #0) (call $out {1})
        (call $is (call $fd_pread #4 #0 #1 ##0 #64) #0) (call $is (call $size) #1)",
    );
}

#[test]
fn there_are_at_most_1024_descriptors() {
    opened(
        &["a"],
        "(local $i i32)
        (loop $more (drop (call $open {0}))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) #1)) #1020)))
        (call $is (call $path_open #3 #0 {0} #1 ##66 ##0 #0 #80) #33)
        (call $is (call $fd_close #500) #0) (call $is (call $open {0}) #500)",
    );
}

#[test]
fn standard_streams_are_neither_terminals_nor_files() {
    let body = "(call $is (call $fd_fdstat_get #0 #100) #0)
        (call $is (i32.load8_u #100) #0) (call $is (i32.load #108) #2)
        (call $is (call $fd_fdstat_get #1 #100) #0)
        (call $is (i32.load8_u #100) #0) (call $is (i32.load #108) #64)
        (call $is (call $fd_filestat_get #1 #100) #0) (call $is (i32.load8_u #116) #0)
        (call $is (call $fd_seek #0 ##0 #1 #64) #70) (call $is (call $fd_tell #1 #64) #70)
        (call $is (call $fd_pread #0 #0 #0 ##0 #64) #70) (call $is (call $fd_pwrite #1 #0 #0 ##0 #64) #70)
        (call $is (call $fd_read #1 #0 #0 #64) #8) (call $is (call $fd_write #0 #0 #0 #64) #8)
        (call $is (call $fd_filestat_set_times #1 ##0 ##0 #0) #8)
        (call $is (call $fd_datasync #1) #8) (call $is (call $fd_sync #1) #0)
        (call $is (call $fd_advise #1 ##0 ##0 #0) #8) (call $is (call $fd_allocate #1 ##0 ##1) #8)
        (call $is (call $fd_filestat_set_size #1 ##0) #8)
        (call $is (call $fd_prestat_get #1 #100) #8) (call $is (call $fd_readdir #1 #0 #0 ##0 #64) #8)
        (call $is (call $path_unlink_file #1 #0 #0) #8)";
    program(&[], body).run();
}

#[test]
fn rights_tell_how_a_file_was_opened() {
    opened(
        &["a"],
        "(call $is (call $path_open #3 #0 {0} #1 ##2 ##0 #0 #80) #0)
        (call $is (call $fd_fdstat_get #4 #100) #0)
        (call $is (i32.load8_u #100) #4) (call $is (i32.load #108) #1073741759)
        (call $is (call $path_open #3 #0 {0} #0 ##64 ##0 #5 #80) #0)
        (call $is (call $fd_fdstat_get #5 #100) #0)
        (call $is (i32.load16_u #102) #5) (call $is (i32.load #108) #1073741821)
        (call $is (call $fd_fdstat_get #3 #100) #0)
        (call $is (i32.load8_u #100) #3) (call $is (i32.load #108) #1069023129)
        (call $is (i32.load #116) #1073741823)
        (call $is (call $fd_fdstat_set_rights #4 ##0 ##0) #58) (call $is (call $fd_fdstat_set_rights #9 ##0 ##0) #8)
        (call $is (call $fd_fdstat_get #9 #100) #8)",
    );
}

#[test]
fn flags_are_set_and_told() {
    opened(
        &["a"],
        "(drop (call $open {0}))
        (call $is (call $fd_fdstat_set_flags #4 #5) #0) (call $is (call $fd_fdstat_get #4 #100) #0)
        (call $is (i32.load16_u #102) #5)
        (call $is (call $fd_fdstat_set_flags #4 #0) #0) (call $is (call $fd_fdstat_get #4 #100) #0)
        (call $is (i32.load16_u #102) #0)
        (call $is (call $fd_fdstat_set_flags #4 #2) #28) (call $is (call $fd_fdstat_set_flags #1 #0) #8)
        (call $is (call $fd_fdstat_set_flags #3 #0) #31)",
    );
}

#[test]
fn root_is_preopened_and_nothing_else() {
    opened(
        &["a"],
        "(call $is (call $fd_prestat_get #3 #100) #0)
        (call $is (i32.load8_u #100) #0) (call $is (i32.load #104) #1)
        (call $is (call $fd_prestat_dir_name #3 #100 #1) #0) (call $is (i32.load8_u #100) #47)
        (call $is (call $fd_prestat_dir_name #3 #100 #0) #37)
        (call $is (call $fd_prestat_get #4 #100) #8)
        (drop (call $open {0})) (call $is (call $fd_prestat_get #4 #100) #54)
        (call $is (call $fd_prestat_dir_name #4 #100 #1) #54)",
    );
}
