// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Settings} from "../../abi/IWorkerDispatcher.sol";
import {Settlement} from "./Settlement.sol";
import {Setup} from "./Setup.sol";

/// Where workers and testers register, clients buy, and agreements settle. What each room owns is written in
/// dispatcher/src/lib.rs.
contract WorkerDispatcher is Settlement {
    constructor(Settings memory constants, address implementation) Setup(constants, implementation) {}

    /// Says so if a call is unknown.
    fallback() external payable {
        revert UnknownCall(msg.data.length < 4 ? bytes4(0) : msg.sig);
    }
}
