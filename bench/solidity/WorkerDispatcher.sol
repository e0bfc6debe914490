// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Settings} from "../../abi/IWorkerDispatcher.sol";
import {Settlement} from "./Settlement.sol";
import {Setup} from "./Setup.sol";

/// Workers and testers register here, clients buy, and agreements settle. dispatcher/README.md says what each module
/// does.
contract WorkerDispatcher is Settlement {
    constructor(Settings memory constants, address implementation) Setup(constants, implementation) {}

    /// Reverts an unknown call.
    fallback() external payable {
        revert UnknownCall(msg.data.length < 4 ? bytes4(0) : msg.sig);
    }
}
