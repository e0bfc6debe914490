//! Reading, writing and sizes of files.

use super::{content, descriptors::OPEN, module, program};

#[test]
fn what_is_written_is_in_the_file_and_can_be_read() {
    let body = "(drop (call $open {0}))
        (call $iov {1}) (call $is (call $fd_write #4 #0 #1 #64) #0) (call $is (call $size) #5)
        (call $is (call $fd_tell #4 #64) #0) (call $is (call $size) #5)
        (call $is (call $fd_seek #4 ##-3 #1 #64) #0) (call $is (call $size) #2)
        (call $iov #500 #100) (call $is (call $fd_read #4 #0 #1 #64) #0) (call $is (call $size) #3)
        (call $out #500 #3)";
    let ended = module(&["a", "hello"], OPEN, body).run();
    assert_eq!(ended.wasi.stdout, b"llo");
    assert_eq!(content(&ended, "/a").unwrap(), b"hello");
}

#[test]
fn seek_is_from_start_here_or_end_and_not_before_the_start() {
    let body = "(drop (call $open {0})) (call $iov {1}) (call $is (call $fd_write #4 #0 #1 #64) #0)
        (call $is (call $fd_seek #4 ##1 #0 #64) #0) (call $is (call $size) #1)
        (call $is (call $fd_seek #4 ##1 #1 #64) #0) (call $is (call $size) #2)
        (call $is (call $fd_seek #4 ##1 #2 #64) #0) (call $is (call $size) #6)
        (call $is (call $fd_seek #4 ##-7 #1 #64) #28) (call $is (call $fd_seek #4 ##0 #3 #64) #28)
        (call $is (call $fd_tell #4 #64) #0) (call $is (call $size) #6)
        (call $is (call $fd_seek #3 ##0 #0 #64) #31) (call $is (call $fd_seek #9 ##0 #0 #64) #8)";
    module(&["a", "hello"], OPEN, body).run();
}

#[test]
fn several_buffers_are_one_stream() {
    let body = "(drop (call $open {0}))
        (call $iov {1}) (i32.store #8 #4098) (i32.store #12 #2)
        (call $is (call $fd_write #4 #0 #2 #64) #0) (call $is (call $size) #7)
        (call $is (call $fd_seek #4 ##0 #0 #64) #0)
        (call $iov #500 #3) (i32.store #8 #600) (i32.store #12 #9)
        (call $is (call $fd_read #4 #0 #2 #64) #0) (call $is (call $size) #7)
        (call $out #500 #3) (call $out #600 #4)";
    assert_eq!(module(&["ab", "hello"], OPEN, body).text(), "hello\0\0");
}

#[test]
fn what_fits_before_a_buffer_that_does_not_is_written() {
    // 1,024 for the file, and six bytes: two of the first buffer fit, not five more.
    let body = "(drop (call $open {0}))
        (call $iov {0}) (i32.store #8 #8192) (i32.store #12 #5)
        (call $is (call $fd_write #4 #0 #2 #64) #0) (call $is (call $size) #2)
        (call $is (call $fd_tell #4 #64) #0) (call $is (call $size) #2)
        (call $is (call $fd_write #4 #8 #1 #64) #51)";
    let ended = module(&["ab", "hello"], OPEN, body).change(|job| job.limits.storage = 1_030).run();
    assert_eq!(content(&ended, "/ab").unwrap(), b"ab");
}

#[test]
fn buffer_outside_the_memory_is_an_error_once_it_is_reached() {
    let body = "(drop (call $open {0})) (call $iov {0}) (i32.store #8 #-1) (i32.store #12 #5)
        (call $is (call $fd_write #4 #0 #2 #64) #21)
        (call $is (call $fd_tell #4 #64) #0) (call $is (call $size) #0)
        ;; Two bytes are there: the second buffer is needed for more than two, not for less.
        (call $iov #500 #2) (call $is (call $fd_read #4 #0 #2 #64) #21)
        (call $iov #500 #3) (call $is (call $fd_read #4 #0 #2 #64) #0) (call $is (call $size) #2)";
    let ended = module(&["ab"], OPEN, body).run();
    assert_eq!(content(&ended, "/ab").unwrap(), b"ab");
}

#[test]
fn pread_and_pwrite_do_not_move() {
    let body = "(drop (call $open {0}))
        (call $iov {1}) (call $is (call $fd_pwrite #4 #0 #1 ##2 #64) #0) (call $is (call $size) #5)
        (call $iov #500 #9) (call $is (call $fd_pread #4 #0 #1 ##1 #64) #0) (call $is (call $size) #6)
        (call $out #500 #6)
        (call $is (call $fd_tell #4 #64) #0) (call $is (call $size) #0)
        (call $is (call $fd_pread #3 #0 #0 ##0 #64) #31) (call $is (call $fd_pwrite #9 #0 #0 ##0 #64) #8)";
    assert_eq!(module(&["a", "hello"], OPEN, body).text(), "\0hello");
}

#[test]
fn append_goes_to_the_end() {
    let body = "(drop (call $open {0})) (call $iov {1}) (call $is (call $fd_write #4 #0 #1 #64) #0)
        (call $is (call $path_open #3 #0 {0} #0 ##64 ##0 #1 #80) #0)
        (call $iov {0}) (call $is (call $fd_write #5 #0 #1 #64) #0)
        (call $is (call $fd_tell #5 #64) #0) (call $is (call $size) #6)";
    let ended = module(&["a", "hello"], OPEN, body).run();
    assert_eq!(content(&ended, "/a").unwrap(), b"helloa");
}

#[test]
fn file_is_read_or_written_only_as_it_was_opened() {
    let body = "(call $is (call $path_open #3 #0 {0} #1 ##2 ##0 #0 #80) #0)
        (call $iov {1}) (call $is (call $fd_write #4 #0 #1 #64) #8)
        (call $is (call $fd_filestat_set_size #4 ##9) #28)
        (call $is (call $path_open #3 #0 {0} #0 ##64 ##0 #0 #80) #0)
        (call $is (call $fd_read #5 #0 #1 #64) #8)
        (call $is (call $fd_write #3 #0 #1 #64) #31) (call $is (call $fd_read #3 #0 #1 #64) #31)";
    program(&["a", "hello"], body).run();
}

#[test]
fn size_is_cut_and_filled_with_zeros() {
    let body = "(drop (call $open {0})) (call $iov {1}) (call $is (call $fd_write #4 #0 #1 #64) #0)
        (call $is (call $fd_filestat_set_size #4 ##2) #0) (call $is (call $fd_filestat_set_size #4 ##4) #0)";
    let ended = module(&["a", "hello"], OPEN, body).run();
    assert_eq!(content(&ended, "/a").unwrap(), b"he\0\0");
}

#[test]
fn advice_and_sync_are_heard_and_allocation_is_not_supported() {
    let body = "(drop (call $open {0}))
        (call $is (call $fd_advise #4 ##0 ##0 #5) #0) (call $is (call $fd_advise #4 ##0 ##0 #6) #28)
        (call $is (call $fd_allocate #4 ##0 ##1) #58) (call $is (call $fd_datasync #4) #0)
        (call $is (call $fd_sync #4) #0) (call $is (call $fd_sync #3) #0) (call $is (call $fd_datasync #3) #31)";
    module(&["a"], OPEN, body).run();
}

#[test]
fn times_stand_still() {
    // Set to 5 and to now; read again as they were.
    let time = "(i32.wrap_i64 ##946684800000000000)";
    let same = [140, 148, 156].map(|at| format!("(call $is (i32.load #{at}) {time})")).concat();
    let body = format!(
        "(drop (call $open {{0}}))
        (call $is (call $fd_filestat_set_times #4 ##5 ##5 #5) #0)
        (call $is (call $path_filestat_set_times #3 #0 {{0}} ##5 ##5 #10) #0)
        (call $is (call $fd_filestat_get #4 #100) #0) {same}
        (call $is (call $path_filestat_get #3 #0 {{0}} #100) #0) {same}
        (call $is (call $fd_filestat_set_times #4 ##5 ##5 #3) #28)
        (call $is (call $fd_filestat_set_times #4 ##5 ##5 #12) #28)
        (call $is (call $fd_filestat_set_times #4 ##5 ##5 #16) #28)
        (call $is (call $path_filestat_set_times #3 #0 {{1}} ##5 ##5 #1) #44)"
    );
    module(&["a", "none"], OPEN, &body).run();
}

#[test]
fn stat_is_the_same_everywhere() {
    // Device 1; inodes count from the root's 1: /in 2, /in/x 3, /tmp 4, and what the program makes.
    let body = "(call $is (call $path_filestat_get #3 #0 {0} #100) #0)
        (call $is (i32.load #100) #1) (call $is (i32.load #108) #3) (call $is (i32.load8_u #116) #4)
        (call $is (i32.load #124) #1) (call $is (i32.load #132) #7)
        (call $is (call $path_create_directory #3 {1}) #0)
        (call $is (call $path_filestat_get #3 #0 {1} #100) #0)
        (call $is (i32.load #108) #5) (call $is (i32.load8_u #116) #3) (call $is (i32.load #132) #0)";
    program(&["in/x", "d"], body).input("/in/x", b"content").run();
}

#[test]
fn standard_input_is_read_to_its_end() {
    let body = "(call $iov #500 #4) (call $is (call $fd_read #0 #0 #1 #64) #0) (call $out #500 (call $size))
        (call $iov #500 #4) (call $is (call $fd_read #0 #0 #1 #64) #0) (call $out #500 (call $size))
        (call $iov #500 #4) (call $is (call $fd_read #0 #0 #1 #64) #0) (call $is (call $size) #0)";
    let mut job = program(&[], body);
    job.stdin = b"abcdef".to_vec();
    assert_eq!(job.text(), "abcdef");
}

#[test]
fn standard_error_is_kept_apart_and_up_to_a_mebibyte() {
    let body = "(local $i i32) (call $iov #4096 #65536)
        (loop $more (call $is (call $fd_write #2 #0 #1 #64) #0) (call $is (call $size) #65536)
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) #1)) #17)))";
    let ended = program(&["e"], body).change(|job| job.limits.storage = 1).run();
    assert_eq!(ended.wasi.stderr.len(), 1 << 20);
    assert!(ended.wasi.stderr.starts_with(b"e\0") && ended.wasi.stdout.is_empty());
}
