import { z } from 'zod';
import { pageInput, pageOfUserInput } from './people.ts';
import { byId, keyedRoute, route } from './route.ts';
import {
  deposit,
  depositPage,
  depositInput,
  keyedHeaders,
  ledgerAudit,
  transactionPage,
  userWithdrawal,
  userWithdrawalPage,
  wallet,
  withdrawal,
  withdrawalInput,
  withdrawalListInput,
  withdrawalPage,
  withdrawalPayInput,
  withdrawalRejectInput,
} from './wallet.ts';

const tag = 'Wallet';

export const walletContract = {
  get: route('GET', '/me/wallet', tag, 'What one can spend, has earned, and owes').output(wallet),
  transactions: route('GET', '/me/wallet/transactions', tag, 'What moved one’s coins, the newest first')
    .input(pageInput)
    .output(transactionPage),
  createDeposit: keyedRoute('POST', '/me/wallet/deposits', tag, 'Buy coins: where to pay for them', 201)
    .input(z.object({ headers: keyedHeaders, body: depositInput }))
    .output(deposit),
  getDeposit: route('GET', '/me/wallet/deposits/{id}', tag, 'One of one’s deposits')
    .input(byId)
    .output(deposit),
  createWithdrawal: keyedRoute(
    'POST',
    '/me/wallet/withdrawals',
    tag,
    'Ask for what one has earned; it is held until an admin decided',
    201,
  )
    .input(z.object({ headers: keyedHeaders, body: withdrawalInput }))
    .output(withdrawal),
  withdrawals: route('GET', '/me/wallet/withdrawals', tag, 'One’s withdrawals, the newest first')
    .input(pageInput)
    .output(withdrawalPage),
  cancelWithdrawal: route(
    'POST',
    '/me/wallet/withdrawals/{id}/cancel',
    tag,
    'Take a request back that nobody has decided on',
  )
    .input(byId)
    .output(withdrawal),
};

const adminTag = 'Money, for admins';

export const moneyContract = {
  withdrawals: route('GET', '/admin/withdrawals', adminTag, 'Withdrawals in a state, the oldest first')
    .input(withdrawalListInput)
    .output(userWithdrawalPage),
  approve: route('POST', '/admin/withdrawals/{id}/approve', adminTag, 'Approve a request')
    .input(byId)
    .output(userWithdrawal),
  reject: route(
    'POST',
    '/admin/withdrawals/{id}/reject',
    adminTag,
    'Reject one that isn’t paid; the coins go back',
  )
    .input(withdrawalRejectInput)
    .output(userWithdrawal),
  pay: route('POST', '/admin/withdrawals/{id}/pay', adminTag, 'An approved one was transferred')
    .input(withdrawalPayInput)
    .output(userWithdrawal),
  transactions: route(
    'GET',
    '/admin/users/{id}/transactions',
    adminTag,
    'What moved somebody’s coins, the newest first',
  )
    .input(pageOfUserInput)
    .output(transactionPage),
  withdrawalsOf: route(
    'GET',
    '/admin/users/{id}/withdrawals',
    adminTag,
    'Somebody’s withdrawals, the newest first',
  )
    .input(pageOfUserInput)
    .output(withdrawalPage),
  deposits: route('GET', '/admin/users/{id}/deposits', adminTag, 'Somebody’s deposits, the newest first')
    .input(pageOfUserInput)
    .output(depositPage),
  refundDeposit: route(
    'POST',
    '/admin/deposits/{id}/refund',
    adminTag,
    'Give back the money of a deposit whose coins are still there',
  )
    .input(byId)
    .output(deposit),
  audit: route('GET', '/admin/ledger/audit', adminTag, 'Prove that the books balance').output(ledgerAudit),
};
