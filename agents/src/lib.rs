//! Programs that are left alone: worker, tester and client.
