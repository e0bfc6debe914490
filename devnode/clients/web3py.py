"""web3.py drives the counter, once as an EVM contract and once as a Stylus program."""

import asyncio
import json
import os
from pathlib import Path

from eth_account import Account
from eth_utils.abi import abi_to_signature, filter_abi_by_type, get_abi_input_types
from web3 import AsyncWeb3, HTTPProvider, Web3, WebSocketProvider
from web3.exceptions import ContractCustomError, Web3RPCError
from web3.middleware import SignAndSendRawMiddlewareBuilder

from steps import finish, same, step

RPC, DEV_KEY = os.environ["RPC"], os.environ["DEV_KEY"]
ARB_WASM = Web3.to_checksum_address("0x0000000000000000000000000000000000000071")
ETHER = 10**18


def artifact(name):
    """What build.mjs made of a contract or a program: its abi and bytecode."""
    path = Path(__file__).parent / "build" / f"{name}.json"
    return json.loads(path.read_text())


w3 = Web3(HTTPProvider(RPC))
dev, own = Account.from_key(DEV_KEY), Account.create()
w3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build([dev, own]), layer=0)
w3.eth.default_account = own.address
abi = artifact("ICounter")["abi"]
arb_wasm = w3.eth.contract(address=ARB_WASM, abi=artifact("ArbWasm")["abi"])


def mined(hash):
    """The receipt of a transaction."""
    return w3.eth.wait_for_transaction_receipt(hash, timeout=10, poll_latency=0.05)


def fee(receipt):
    """What a transaction took from its sender besides its value, in wei."""
    return receipt.gasUsed * receipt.effectiveGasPrice


def balance():
    """The wei that are left."""
    return w3.eth.get_balance(own.address)


def refusal(contract, call):
    """The custom error, with arguments, that a call has to end with."""
    try:
        call()
    except ContractCustomError as error:
        data = bytes.fromhex(error.data.removeprefix("0x"))
    else:
        raise AssertionError("the call succeeded")
    for entry in filter_abi_by_type("error", contract.abi):
        if Web3.keccak(text=abi_to_signature(entry))[:4] == data[:4]:
            return (entry["name"], *w3.codec.decode(get_abi_input_types(entry), data[4:]))
    raise AssertionError(f"unknown error {data.hex()}")


def deploy(name, *args):
    """Deploys what build.mjs made; a contract with the counter's interface."""
    made = artifact(name)
    factory = w3.eth.contract(abi=made["abi"], bytecode=made["bytecode"])
    receipt = mined(factory.constructor(*args).transact())
    same(receipt.status, 1)
    return w3.eth.contract(address=receipt.contractAddress, abi=abi)


def fund():
    """Gives this client's account ten ether."""
    receipt = mined(w3.eth.send_transaction({"from": dev.address, "to": own.address, "value": 10 * ETHER}))
    same((receipt.status, balance()), (1, 10 * ETHER))


def know_the_chain():
    """Reads what the chain is."""
    same((w3.is_connected(), w3.eth.chain_id, w3.net.version), (True, 412346, "412346"))
    same((w3.eth.gas_price, w3.eth.get_block("latest").number), (10**8, w3.eth.block_number))
    assert w3.client_version.startswith("anvil/muster-devnode/"), w3.client_version


def refuse_inactive(program):
    """A program answers only after its activation."""
    same(refusal(arb_wasm, arb_wasm.functions.programVersion(program.address).call), ("ProgramNotActivated",))
    try:
        program.functions.number().call()
    except Web3RPCError as error:
        # For the called program itself the node returns only an error text.
        same(error.rpc_response["error"], {"code": -32000, "message": "error ProgramNotActivated()"})
    else:
        raise AssertionError("the call succeeded")


def activate(program):
    """Activates a program for the fee that the event names."""
    before = balance()
    receipt = mined(arb_wasm.functions.activateProgram(program.address).transact({"value": ETHER}))
    [event] = arb_wasm.events.ProgramActivated().process_receipt(receipt)
    same((event.args.program, event.args.version), (program.address, 3))
    same(balance(), before - fee(receipt) - event.args.dataFee)


def drive(kind, counter, start):
    """Drives a counter that stands at `start`."""
    number, add = counter.functions.number, counter.functions.add

    def transact():
        before = balance()
        same(add(2).call(), start + 2)
        estimate = add(2).estimate_gas()
        receipt = mined(add(2).transact())
        same((receipt.status, number().call()), (1, start + 2))
        assert receipt.gasUsed <= estimate, f"{receipt.gasUsed} > {estimate}"
        same(balance(), before - fee(receipt))
        return receipt

    def decode_event():
        expected = {"by": own.address, "amount": 2, "total": start + 2}
        event = counter.events.Added()
        found = event.get_logs(from_block=0, argument_filters={"by": own.address})
        for logs in (event.process_receipt(receipt), found):
            same([dict(log.args) for log in logs], [expected])
        same(found[0].transactionHash, receipt.transactionHash)

    def decode_error():
        same(refusal(counter, add(1000).call), ("TooMuch", 1000, 100))
        same(refusal(counter, add(101).estimate_gas), ("TooMuch", 101, 100))

    def fail():
        before = balance()
        failure = mined(add(1000).transact({"gas": 100_000}))
        same((failure.status, failure.logs), (0, []))
        same((balance(), number().call()), (before - fee(failure), start + 2))

    def sign_by_hand():
        wanted = {"from": own.address, "nonce": w3.eth.get_transaction_count(own.address)}
        signed = own.sign_transaction(add(1).build_transaction(wanted))
        same(w3.eth.send_raw_transaction(signed.raw_transaction), signed.hash)
        same(mined(signed.hash).status, 1)
        same(w3.eth.get_raw_transaction(signed.hash), signed.raw_transaction)

    def look_back():
        height = receipt.blockNumber
        same(number().call(block_identifier=height - 1), start)
        same(int.from_bytes(w3.eth.get_storage_at(counter.address, 0, height)), start + 2)
        block = w3.eth.get_block(receipt.blockHash, full_transactions=True)
        same(block.transactions, [w3.eth.get_transaction(receipt.transactionHash)])
        same(w3.eth.get_block_receipts(height), [w3.eth.get_transaction_receipt(receipt.transactionHash)])

    def hear_by_filter():
        news = counter.events.Added.create_filter(from_block="latest")
        news.get_new_entries()
        total = number().call() + 1
        mined(add(1).transact())
        same([log.args.total for log in news.get_new_entries()], [total])

    async def hear_by_subscription():
        total = number().call() + 1
        async with AsyncWeb3(WebSocketProvider(RPC.replace("http", "ws"))) as listener:
            await listener.eth.subscribe("logs", {"address": counter.address})
            mined(add(1).transact())
            message = await asyncio.wait_for(anext(listener.socket.process_subscriptions()), timeout=10)
        same(counter.events.Added().process_log(message["result"]).args.total, total)

    step(f"{kind}: calls", lambda: same(number().call(), start))
    receipt = step(f"{kind}: sends a transaction and pays for the gas used", transact)
    step(f"{kind}: decodes the event of the receipt and of a log query", decode_event)
    step(f"{kind}: decodes the error of a call that reverts", decode_error)
    step(f"{kind}: a transaction that reverts costs gas and changes nothing", fail)
    step(f"{kind}: sends what it signed itself", sign_by_hand)
    step(f"{kind}: reads past state", look_back)
    step(f"{kind}: receives new events by a filter", hear_by_filter)
    step(f"{kind}: receives new events over WebSocket", hear_by_subscription)


step("funds an own account", fund)
step("reports the chain", know_the_chain)
contract = step("contract: deploys, with an argument", lambda: deploy("Counter", 40))
drive("contract", contract, 40)
program = step("program: deploys", lambda: deploy("stylus-counter"))
step("program: cannot be called before its activation", lambda: refuse_inactive(program))
step("program: is activated for the fee in the event", lambda: activate(program))
drive("program", program, 0)
finish()
