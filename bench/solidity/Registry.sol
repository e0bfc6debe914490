// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Worker} from "../../abi/IWorkerDispatcher.sol";
import {tickAt} from "./Chain.sol";
import {Money} from "./Money.sol";
import {Offer, Offers} from "./Offers.sol";
import {Listing} from "./Listing.sol";
import {Account, Accounts, Book, Books, Identities, Identity, MESSAGE_KEYS, COUNTERS, creditSlot} from "./State.sol";
import {U32, load, max, min, store} from "./Words.sol";

/// Accounts: register, update the offer, stake, look up. Rust: dispatcher/src/registry.rs.
abstract contract Registry is Listing {
    /// The most workers in one page.
    uint256 private constant PAGE_SIZE = 16;

    /// Registers the caller under the next number, with the wei sent as its stake. The calling function writes the
    /// book.
    function _join(bytes8 application, bytes32 key)
        internal
        returns (uint256 number, Account account, Identity identity, Book all)
    {
        unchecked {
            if (Accounts.read(msg.sender).number() != 0) revert AlreadyRegistered(msg.sender);
            uint256 root = load(COUNTERS) + 1;
            number = root & U32;
            store(COUNTERS, root);
            uint256 staked = _staked(0);
            account = Accounts.make(number, staked);
            account.write(msg.sender);
            identity = Identities.make(msg.sender, application);
            identity.write(number);
            _writeKey(number, key);
            all = Books.read(application).withRegistered();
            emit WorkerRegistered(msg.sender, uint32(number), application, key, uint128(staked));
        }
    }

    /// A stake plus the wei sent.
    function _staked(uint256 before) private view returns (uint256 sum) {
        unchecked {
            sum = before + msg.value;
            if (sum >= Money.PRICE_LIMIT) revert StakeTooHigh(uint128(sum), uint128(Money.PRICE_LIMIT));
        }
    }

    /// Writes a key; reverts if it is zero.
    function _writeKey(uint256 number, bytes32 key) private {
        if (key == 0) revert KeyZero();
        store(MESSAGE_KEYS | number, uint256(key));
    }

    /// The caller's registration.
    function _caller() internal view returns (uint256 number, Account account) {
        account = Accounts.read(msg.sender);
        number = account.number();
        if (number == 0) revert NotRegistered(msg.sender);
    }

    /// The caller's registration as a worker.
    function _callingWorker() private view returns (uint256 number, Account account, Identity identity) {
        (number, account) = _caller();
        identity = Identities.read(number);
        bytes8 application = identity.application();
        if (application == TESTER) revert WrongApplication(application);
    }

    /// Checks an offer.
    function _check(uint256 price, uint256 maxLength, uint256 promised, uint256 capacity) private view {
        if (price == 0 || price >= Money.PRICE_LIMIT) {
            revert PriceOutOfRange(uint128(price), uint128(Money.PRICE_LIMIT));
        }
        if (maxLength < MIN_LENGTH) revert MaxLengthTooShort(uint32(maxLength), uint32(MIN_LENGTH));
        if (promised < MIN_PROMISE || promised > Money.BPS) {
            revert PromiseOutOfRange(uint16(promised), uint16(MIN_PROMISE));
        }
        if (capacity == 0) revert CapacityZero();
    }

    function registerWorker(
        uint128 price,
        uint32 maxLength,
        bytes8 application,
        uint16 promised,
        bytes32 key,
        uint16 capacity,
        uint32 hint
    ) external payable unlocked returns (uint32) {
        if (application == TESTER) revert WrongApplication(application);
        _check(price, maxLength, promised, capacity);
        (uint256 number, Account account, Identity identity, Book all) = _join(application, key);
        Offer offer = Offer.wrap(0).withTerms(price, maxLength, promised, capacity).withAvailable(true);
        (offer, all,) = _insertListed(number, offer, account, all, identity, hint, false);
        offer.write(number);
        all.write(application);
        emit WorkerUpdated(msg.sender, price, maxLength, promised, capacity);
        return uint32(number);
    }

    function updateWorker(uint128 price, uint32 maxLength, uint16 promised, uint16 capacity, uint32 hint)
        external
        unlocked
    {
        (uint256 number, Account account, Identity identity) = _callingWorker();
        _check(price, maxLength, promised, capacity);
        Offer offer = Offers.read(number).withTerms(price, maxLength, promised, capacity);
        _relist(number, offer, account, identity, hint);
        emit WorkerUpdated(msg.sender, price, maxLength, promised, capacity);
    }

    function setPrice(uint128 price, uint32 hint) external unlocked {
        (uint256 number, Account account, Identity identity) = _callingWorker();
        Offer offer = Offers.read(number);
        (uint256 maxLength, uint256 promised, uint256 capacity) =
            (offer.maxLength(), offer.promised(), offer.capacity());
        _check(price, maxLength, promised, capacity);
        _relist(number, offer.withTerms(price, maxLength, promised, capacity), account, identity, hint);
        emit WorkerUpdated(msg.sender, price, uint32(maxLength), uint16(promised), uint16(capacity));
    }

    function setKey(bytes32 key) external unlocked {
        (uint256 number,) = _caller();
        _writeKey(number, key);
        emit KeyChanged(msg.sender, key);
    }

    function setAvailable(bool available, uint32 hint) external unlocked {
        (uint256 number, Account account, Identity identity) = _callingWorker();
        emit AvailabilityChanged(msg.sender, available);
        _relist(number, Offers.read(number).withAvailable(available), account, identity, hint);
    }

    function stake(uint32 hint) external payable unlocked {
        (uint256 number, Account account) = _caller();
        uint256 sum = _staked(account.stake());
        account = account.staked(msg.value);
        account.write(msg.sender);
        emit StakeChanged(msg.sender, uint128(sum));
        Offer offer = Offers.read(number);
        if (!offer.listed()) _tryList(number, offer, account, hint);
    }

    function unstake(uint128 amount) external unlocked {
        unchecked {
            (uint256 number, Account account) = _caller();
            uint256 last = Identities.read(number).lastEpoch();
            if (last != 0) {
                uint256 free = min(last + 1 + LOCK_EPOCHS, U32);
                if (_epochAt(tickAt(SECONDS)) < free) revert StillListed(uint32(free));
            }
            uint256 have = account.free();
            if (amount > have) revert StakeTooLow(uint128(have), amount);
            account = account.unstaked(amount);
            account.write(msg.sender);
            uint256 slot = creditSlot(msg.sender);
            store(slot, load(slot) + amount);
            emit StakeChanged(msg.sender, uint128(account.stake()));
            _dropUnfit(number, account, msg.sender);
        }
    }

    function workerCount() external view returns (uint32) {
        return uint32(load(COUNTERS));
    }

    function worker(address account) external view returns (Worker memory) {
        uint256 number = Accounts.read(account).number();
        if (number == 0) revert NotRegistered(account);
        return _view(number);
    }

    function workers(uint32 from, uint32 count) external view returns (Worker[] memory page) {
        unchecked {
            uint256 first = max(from, 1);
            uint256 end = min(min(first + min(count, PAGE_SIZE), U32), (load(COUNTERS) & U32) + 1);
            page = new Worker[](first < end ? end - first : 0);
            for (uint256 i; i < page.length; ++i) page[i] = _view(first + i);
        }
    }

    function listedWorkers(bytes8 application, uint32 from, uint32 count)
        external
        view
        returns (Worker[] memory page)
    {
        unchecked {
            uint256 number = from;
            if (number == 0) {
                number = Books.read(application).head();
            } else {
                (bool known,) = _listed(number, application);
                if (!known) number = 0;
            }
            page = new Worker[](min(count, PAGE_SIZE));
            uint256 found;
            for (; found < page.length && number != 0; ++found) {
                page[found] = _view(number);
                number = page[found].next;
            }
            assembly ("memory-safe") {
                mstore(page, found)
            }
        }
    }

    function keyOf(address account) external view returns (bytes32) {
        return bytes32(load(MESSAGE_KEYS | Accounts.read(account).number()));
    }

    /// The `Worker` view of a number.
    function _view(uint256 number) private view returns (Worker memory seen) {
        Identity identity = Identities.read(number);
        Account account = Accounts.read(identity.account());
        Offer offer = Offers.read(number);
        seen.account = identity.account();
        seen.number = uint32(number);
        seen.application = identity.application();
        seen.price = uint128(offer.price());
        seen.maxLength = uint32(offer.maxLength());
        seen.promised = uint16(offer.promised());
        seen.capacity = uint16(offer.capacity());
        seen.active = uint16(account.active());
        seen.available = offer.available();
        seen.listed = offer.listed();
        seen.next = uint32(offer.next());
        seen.stake = uint128(account.stake());
        seen.locked = uint128(account.locked());
        seen.lastEpoch = uint32(identity.lastEpoch());
        seen.misses = uint16(account.misses());
        seen.score = uint16(_score(number));
        seen.key = bytes32(load(MESSAGE_KEYS | number));
    }
}
