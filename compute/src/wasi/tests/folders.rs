//! Folders, links and renaming.

use super::{content, descriptors::OPEN, module, program};

#[test]
fn folder_is_listed_sorted_with_itself_and_its_parent_first() {
    // Each entry is 24 bytes and a name: `.`, `..`, `B`, `a`, `tmp`, `ä`.
    let body = "(call $is (call $path_create_directory #3 {0}) #0) (drop (call $open {1})) (drop (call $open {2}))
        (call $is (call $fd_readdir #3 #1000 #1000 ##0 #64) #0) (call $is (call $size) #154)
        (call $out #1024 #1) (call $out #1049 #2) (call $out #1075 #1) (call $out #1100 #1)
        (call $out #1125 #3) (call $out #1152 #2)
        (call $is (i32.load #1000) #1) (call $is (i32.load #1008) #1) (call $is (i32.load #1016) #1)
        (call $is (i32.load8_u #1020) #3)
        (call $is (i32.load #1025) #2) (call $is (i32.load #1033) #1)
        (call $is (i32.load8_u #1071) #4) (call $is (i32.load8_u #1096) #3)
        ;; From the fourth on.
        (call $is (call $fd_readdir #3 #1000 #30 ##3 #64) #0) (call $is (call $size) #30)
        (call $is (i32.load #1000) #4) (call $is (i32.load #1025) #5)
        (call $is (call $fd_readdir #3 #1000 #30 ##6 #64) #0) (call $is (call $size) #0)";
    assert_eq!(module(&["a", "ä", "B"], OPEN, body).text(), "...BatmpÄ".replace('Ä', "ä"));
}

#[test]
fn entries_that_are_removed_meanwhile_do_not_hide_others() {
    let body = "(drop (call $open {0})) (drop (call $open {1}))
        (call $is (call $fd_readdir #3 #1000 #76 ##0 #64) #0)
        (call $is (call $path_unlink_file #3 {0}) #0)
        (call $is (call $fd_readdir #3 #1000 #25 ##3 #64) #0) (call $out #1024 #1)
        ;; From the beginning it is the new list.
        (call $is (call $fd_readdir #3 #1000 #100 ##0 #64) #0) (call $out #1075 #1)";
    assert_eq!(module(&["a", "b"], OPEN, body).text(), "bb");
}

#[test]
fn folders_are_made_and_removed_when_empty() {
    let body = "(call $is (call $path_create_directory #3 {0}) #0) (call $is (call $path_create_directory #3 {0}) #20)
        (call $is (call $path_create_directory #3 {2}) #44)
        (drop (call $open {1}))
        (call $is (call $path_remove_directory #3 {0}) #55) (call $is (call $path_remove_directory #3 {1}) #54)
        (call $is (call $path_unlink_file #3 {0}) #31) (call $is (call $path_unlink_file #3 {1}) #0)
        (call $is (call $path_unlink_file #3 {1}) #44)
        (call $is (call $path_remove_directory #3 {0}) #0) (call $is (call $path_remove_directory #3 {0}) #44)";
    module(&["d", "d/f", "e/f"], OPEN, body).run();
}

#[test]
fn open_flags_are_obeyed() {
    let body = "(call $is (call $path_open #3 #0 {0} #0 ##66 ##0 #0 #80) #44)
        (call $is (call $path_open #3 #0 {0} #2 ##2 ##0 #0 #80) #44)
        (drop (call $open {0}))
        (call $iov {0}) (call $is (call $fd_write #4 #0 #1 #64) #0)
        (call $is (call $path_open #3 #0 {0} #5 ##66 ##0 #0 #80) #20)
        (call $is (call $path_open #3 #0 {0} #2 ##2 ##0 #0 #80) #54)
        (call $is (call $path_open #3 #0 {0} #3 ##2 ##0 #0 #80) #28)
        (call $is (call $path_open #3 #0 {1} #0 ##66 ##0 #0 #80) #31)
        (call $is (call $path_open #3 #0 {1} #2 ##2 ##0 #0 #80) #0)
        (call $is (call $path_open #3 #0 {0} #8 ##66 ##0 #0 #80) #0)
        (call $is (call $path_open #4 #0 {0} #0 ##2 ##0 #0 #80) #54)
        (call $is (call $path_open #1 #0 {0} #0 ##2 ##0 #0 #80) #8)";
    let ended = module(&["a", "tmp"], OPEN, body).run();
    assert_eq!(content(&ended, "/a").unwrap(), b"");
}

#[test]
fn path_does_not_leave_the_folder_where_it_starts() {
    let body = "(call $is (call $path_create_directory #3 {0}) #0)
        (call $is (call $path_open #3 #0 {0} #2 ##2 ##0 #0 #80) #0)
        (call $is (call $path_create_directory #4 {1}) #63) (call $is (call $path_create_directory #3 {1}) #63)
        (call $is (call $path_create_directory #3 {2}) #63)
        (call $is (call $path_create_directory #3 {3}) #0)
        (call $is (call $path_create_directory #3 {4}) #44) (call $is (call $path_create_directory #3 {5}) #28)
        (call $is (call $path_filestat_get #3 #0 {5} #100) #28)
        (call $is (call $path_filestat_get #3 #0 {6} #100) #0) (call $is (i32.load #108) #1)";
    // The last but one is empty, then a NUL.
    module(&["d", "../x", "/x", "d/../y", "", "a\0b", "d/.."], OPEN, body).run();
}

#[test]
fn names_that_a_result_could_not_have_are_refused() {
    let long = "n".repeat(256);
    let longest = "0123456789abcde/".repeat(257);
    let body = "(call $is (call $path_create_directory #3 {0}) #37) (call $is (call $path_create_directory #3 {1}) #37)
        (call $is (call $path_create_directory #3 {2}) #28)
        (call $is (call $path_create_directory #3 #524000 #1) #25)
        (call $is (call $path_open #3 #0 {2} #1 ##66 ##0 #0 #80) #28)
        (call $is (call $path_symlink {3} #3 {2}) #28)
        (call $is (call $path_rename #3 {3} #3 {2}) #28)";
    let program =
        module(&[&long, &longest, "a\nb", "tmp"], r#"(data (i32.const 524000) "\ff")"#, body);
    program.run();
}

#[test]
fn folders_are_at_most_64_deep() {
    let body = "(local $i i32) (local $fd i32) (local.set $fd #3)
        (loop $more
            (call $is (call $path_create_directory (local.get $fd) {0}) #0)
            (call $is (call $path_open (local.get $fd) #0 {0} #2 ##2 ##0 #0 #80) #0)
            (local.set $fd (i32.load #80))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) #1)) #64)))
        (call $is (call $path_create_directory (local.get $fd) {0}) #37)
        (call $is (call $path_open (local.get $fd) #0 {0} #1 ##66 ##0 #0 #80) #37)
        ;; What is too high does not fit below another.
        (call $is (call $path_rename #3 {0} #3 {1}) #37)
        (call $is (call $path_rename #3 {0} #3 {2}) #0)";
    program(&["d", "tmp/d", "e"], body).run();
}

#[test]
fn links_are_made_read_and_followed_when_asked() {
    let body = "(call $is (call $path_symlink {1} #3 {0}) #0) (call $is (call $path_symlink {1} #3 {0}) #20)
        (call $is (call $path_readlink #3 {0} #500 #100 #64) #0) (call $out #500 (call $size))
        (call $is (call $path_readlink #3 {0} #500 #2 #64) #0) (call $is (call $size) #2)
        (call $is (call $path_readlink #3 {2} #500 #100 #64) #28)
        ;; Not followed: a link of its own length.
        (call $is (call $path_filestat_get #3 #0 {0} #100) #0)
        (call $is (i32.load8_u #116) #7) (call $is (i32.load #132) #4)
        (call $is (call $path_open #3 #0 {0} #0 ##2 ##0 #0 #80) #32)
        ;; It leads to nothing yet; a file is made there.
        (call $is (call $path_filestat_get #3 #1 {0} #100) #44)
        (call $is (call $path_open #3 #1 {0} #1 ##66 ##0 #0 #80) #0)
        (call $is (call $path_filestat_get #3 #1 {0} #100) #0) (call $is (i32.load8_u #116) #4)
        (call $is (call $path_filestat_get #3 #0 {1} #100) #0)
        (call $is (call $path_unlink_file #3 {0}) #0) (call $is (call $path_filestat_get #3 #0 {1} #100) #0)";
    assert_eq!(program(&["link", "file", "tmp"], body).text(), "file");
}

#[test]
fn links_lead_nowhere_else() {
    let body = "(call $is (call $path_symlink {0} #3 {1}) #63)
        (call $is (call $path_symlink {2} #3 {1}) #0) (call $is (call $path_filestat_get #3 #1 {1} #100) #63)
        (call $is (call $path_symlink {3} #3 {3}) #0) (call $is (call $path_filestat_get #3 #1 {3} #100) #32)
        (call $is (call $path_symlink {4} #3 {5}) #28)
        ;; Through a link in the middle of a path.
        (call $is (call $path_symlink {6} #3 {7}) #0) (call $is (call $path_create_directory #3 {8}) #0)
        (call $is (call $path_filestat_get #3 #0 {9} #100) #0)";
    let texts =
        ["/etc/passwd", "a", "../../etc/passwd", "loop", "", "empty", "tmp", "t", "t/d", "tmp/d"];
    program(&texts, body).run();
}

#[test]
fn slash_at_the_end_means_a_folder() {
    let body = "(drop (call $open {0}))
        (call $is (call $path_filestat_get #3 #0 {1} #100) #54) (call $is (call $path_filestat_get #3 #0 {2} #100) #0)
        (call $is (call $path_open #3 #0 {3} #1 ##66 ##0 #0 #80) #31) (call $is (call $path_rename #3 {0} #3 {3}) #54)
        (call $is (call $path_create_directory #3 {3}) #0)";
    module(&["a", "a/", "tmp/", "b/"], OPEN, body).run();
}

#[test]
fn there_are_no_hard_links() {
    let body = "(drop (call $open {0})) (call $is (call $path_link #3 #0 {0} #3 {1}) #58)
        (call $is (call $path_link #9 #0 {0} #3 {1}) #8) (call $is (call $path_link #3 #0 {0} #9 {1}) #8)";
    module(&["a", "b"], OPEN, body).run();
}

#[test]
fn rename_replaces_what_is_of_its_kind() {
    let body = "(call $is (call $path_create_directory #3 {0}) #0) (drop (call $open {1}))
        (call $is (call $path_rename #3 {2} #3 {3}) #44)
        (call $is (call $path_rename #3 {1} #3 {0}) #31) (call $is (call $path_rename #3 {0} #3 {1}) #28)
        (call $is (call $path_rename #3 {0} #3 {4}) #55)
        (call $is (call $path_rename #3 {1} #3 {3}) #0)
        (call $is (call $path_rename #3 {0} #3 {3}) #54)
        (call $is (call $path_rename #3 {3} #3 {3}) #0)
        (drop (call $open {1})) (call $is (call $path_rename #3 {3} #3 {1}) #0)
        (call $is (call $path_filestat_get #3 #0 {3} #100) #44)
        (call $is (call $path_unlink_file #3 {1}) #0)
        (call $is (call $path_rename #3 {0} #3 {5}) #0) (call $is (call $path_filestat_get #3 #0 {5} #100) #0)
        (call $is (call $path_rename #3 {6} #3 {5}) #28)";
    let texts = ["d", "d/f", "none", "g", "in", "tmp", "."];
    module(&texts, OPEN, body).input("/in/x", b"").run();
}

#[test]
fn what_is_open_stays_when_its_name_goes() {
    let body = "(drop (call $open {0})) (call $is (call $path_unlink_file #3 {0}) #0)
        (call $iov {1}) (call $is (call $fd_write #4 #0 #1 #64) #0) (call $is (call $size) #5)
        (call $is (call $fd_seek #4 ##0 #0 #64) #0) (call $iov #500 #9)
        (call $is (call $fd_read #4 #0 #1 #64) #0) (call $out #500 (call $size))
        ;; A folder too, but nothing new can be in it.
        (call $is (call $path_create_directory #3 {0}) #0)
        (call $is (call $path_open #3 #0 {0} #2 ##2 ##0 #0 #80) #0)
        (call $is (call $path_remove_directory #3 {0}) #0)
        (call $is (call $path_create_directory #5 {1}) #44)
        (call $is (call $path_rename #3 {2} #5 {1}) #44)";
    assert_eq!(module(&["a", "hello", "tmp"], OPEN, body).text(), "hello");
}
