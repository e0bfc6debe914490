// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {U16, U32, U40, U64, U96, field, load, store} from "./Words.sol";

// Storage of the dispatcher. Every record is one word; a word never written is a record of zeros, which is a valid
// initial state. Rust: dispatcher/src/state.rs.

// Numbers of registrations and agreements.
uint256 constant COUNTERS = 0;
uint256 constant ACCOUNTS = 3 << 248;
uint256 constant IDENTITIES = 4 << 248;
uint256 constant OFFERS = 5 << 248;
uint256 constant MESSAGE_KEYS = 6 << 248;
uint256 constant BOOKS = 7 << 248;
uint256 constant TESTER_LISTS = 8 << 248;
uint256 constant TESTER_PLACES = 9 << 248;
uint256 constant CREDITS = 10 << 248;
uint256 constant REPUTATIONS = 11 << 248;

/// Slot of an account's credit.
function creditSlot(address who) pure returns (uint256) {
    return CREDITS | uint160(who);
}

/// Slot of a place of an epoch's list.
function placeSlot(uint256 epoch, uint256 place) pure returns (uint256) {
    return TESTER_PLACES | (epoch << 32) | place;
}

/// One account's registration.
type Account is uint256;

using Accounts for Account global;

library Accounts {
    function read(address who) internal view returns (Account) {
        return Account.wrap(load(ACCOUNTS | uint160(who)));
    }

    function write(Account self, address who) internal {
        store(ACCOUNTS | uint160(who), Account.unwrap(self));
    }

    /// Its number, from 1 on; 0 = not registered.
    function number(Account self) internal pure returns (uint256) {
        return field(Account.unwrap(self), 0, U32);
    }

    /// How often it was selected and did not accept, modulo 2^16.
    function misses(Account self) internal pure returns (uint256) {
        return field(Account.unwrap(self), 32, U16);
    }

    /// Current agreements.
    function active(Account self) internal pure returns (uint256) {
        return field(Account.unwrap(self), 48, U16);
    }

    /// Wei staked.
    function stake(Account self) internal pure returns (uint256) {
        return field(Account.unwrap(self), 64, U96);
    }

    /// Wei of the stake that are locked as bonds.
    function locked(Account self) internal pure returns (uint256) {
        return Account.unwrap(self) >> 160;
    }

    function free(Account self) internal pure returns (uint256) {
        unchecked {
            return stake(self) - locked(self);
        }
    }

    function make(uint256 number_, uint256 stake_) internal pure returns (Account) {
        return Account.wrap(number_ | (stake_ << 64));
    }

    function staked(Account self, uint256 amount) internal pure returns (Account) {
        unchecked {
            return Account.wrap(Account.unwrap(self) + (amount << 64));
        }
    }

    function unstaked(Account self, uint256 amount) internal pure returns (Account) {
        unchecked {
            return Account.wrap(Account.unwrap(self) - (amount << 64));
        }
    }

    /// One more agreement, and its bond locked.
    function engaged(Account self, uint256 bond) internal pure returns (Account) {
        unchecked {
            return Account.wrap(Account.unwrap(self) + ((bond << 160) | (1 << 48)));
        }
    }

    /// One agreement less.
    function withoutSlot(Account self) internal pure returns (Account) {
        unchecked {
            return Account.wrap(Account.unwrap(self) - (1 << 48));
        }
    }

    /// Its bond released.
    function released(Account self, uint256 bond) internal pure returns (Account) {
        unchecked {
            return Account.wrap(Account.unwrap(self) - (bond << 160));
        }
    }

    function withMiss(Account self) internal pure returns (Account) {
        unchecked {
            uint256 others = Account.unwrap(self) & ~(U16 << 32);
            return Account.wrap(others | (((misses(self) + 1) & U16) << 32));
        }
    }
}

/// Account and application of a number.
type Identity is uint256;

using Identities for Identity global;

library Identities {
    function read(uint256 number) internal view returns (Identity) {
        return Identity.wrap(load(IDENTITIES | number));
    }

    function write(Identity self, uint256 number) internal {
        store(IDENTITIES | number, Identity.unwrap(self));
    }

    function make(address account_, bytes8 application_) internal pure returns (Identity) {
        return Identity.wrap(uint160(account_) | (uint256(uint64(application_)) << 160));
    }

    function account(Identity self) internal pure returns (address) {
        return address(uint160(Identity.unwrap(self)));
    }

    function application(Identity self) internal pure returns (bytes8) {
        return bytes8(uint64(Identity.unwrap(self) >> 160));
    }

    /// For testers: the last epoch whose list it is in; 0 = none.
    function lastEpoch(Identity self) internal pure returns (uint256) {
        return Identity.unwrap(self) >> 224;
    }

    function withLastEpoch(Identity self, uint256 epoch) internal pure returns (Identity) {
        return Identity.wrap((Identity.unwrap(self) & (type(uint256).max >> 32)) | (epoch << 224));
    }
}

/// The listed workers of one application, by ascending price; equal prices in the order of listing.
type Book is uint256;

using Books for Book global;

library Books {
    function read(bytes8 application) internal view returns (Book) {
        return Book.wrap(load(BOOKS | uint64(application)));
    }

    function write(Book self, bytes8 application) internal {
        store(BOOKS | uint64(application), Book.unwrap(self));
    }

    /// The first listed worker; 0 = none.
    function head(Book self) internal pure returns (uint256) {
        return field(Book.unwrap(self), 0, U32);
    }

    /// How many are listed.
    function listed(Book self) internal pure returns (uint256) {
        return field(Book.unwrap(self), 32, U32);
    }

    /// How many accounts have registered.
    function registered(Book self) internal pure returns (uint256) {
        return field(Book.unwrap(self), 64, U32);
    }

    function withHead(Book self, uint256 number) internal pure returns (Book) {
        return Book.wrap((Book.unwrap(self) & ~U32) | number);
    }

    function withListed(Book self) internal pure returns (Book) {
        unchecked {
            return Book.wrap(Book.unwrap(self) + (1 << 32));
        }
    }

    function withUnlisted(Book self) internal pure returns (Book) {
        unchecked {
            return Book.wrap(Book.unwrap(self) - (1 << 32));
        }
    }

    function withRegistered(Book self) internal pure returns (Book) {
        unchecked {
            return Book.wrap(Book.unwrap(self) + (1 << 64));
        }
    }
}

/// A worker's reputation: weights with 32 fractional bits, and when they were written.
type Record is uint256;

using Records for Record global;

library Records {
    function read(uint256 number) internal view returns (Record) {
        return Record.wrap(load(REPUTATIONS | number));
    }

    function write(uint256 number, uint256 good_, uint256 bad_) internal {
        store(REPUTATIONS | number, good_ | (bad_ << 64) | ((block.timestamp & U40) << 128));
    }

    function good(Record self) internal pure returns (uint256) {
        return field(Record.unwrap(self), 0, U64);
    }

    function bad(Record self) internal pure returns (uint256) {
        return field(Record.unwrap(self), 64, U64);
    }

    function updated(Record self) internal pure returns (uint256) {
        return field(Record.unwrap(self), 128, U40);
    }
}
