import {
  gift,
  giftAsset,
  giftAssetInput,
  giftInput,
  giftList,
  giftSendInput,
  giftTotals,
  giftUpdateInput,
  hostsLeaderboardInput,
  leaderboard,
  leaderboardsRebuilt,
  sentGift,
  sentGiftPage,
  sessionGiftsInput,
  sessionLeaderboardInput,
  userLeaderboardInput,
} from './gifts.ts';
import { pageInput, pageOfUserInput } from './people.ts';
import { byId, keyedRoute, route } from './route.ts';

const tag = 'Gifts';

export const giftsContract = {
  catalogue: route('GET', '/gifts', tag, 'Gifts that can be sent').output(giftList),
  all: route('GET', '/admin/gifts', tag, 'All gifts, for admins').output(giftList),
  create: route('POST', '/admin/gifts', tag, 'Add a gift to the catalogue', 201)
    .input(giftInput)
    .output(gift),
  update: route('PATCH', '/admin/gifts/{id}', tag, 'Change a gift; those that were sent keep their price')
    .input(giftUpdateInput)
    .output(gift),
  upload: route('POST', '/admin/gifts/assets', tag, 'Store an icon or an animation for gifts', 201)
    .input(giftAssetInput)
    .output(giftAsset),
  send: keyedRoute('POST', '/sessions/{id}/gifts', tag, 'Send a gift to somebody on air', 201)
    .input(giftSendInput)
    .output(sentGift),
  ofSession: route('GET', '/sessions/{id}/gifts', tag, 'Gifts of a session, the newest first')
    .input(sessionGiftsInput)
    .output(sentGiftPage),
  totals: route('GET', '/sessions/{id}/gifts/totals', tag, 'How many gifts a session got, and their coins')
    .input(byId)
    .output(giftTotals),
  sent: route('GET', '/me/gifts/sent', tag, 'Gifts one has sent, the newest first')
    .input(pageInput)
    .output(sentGiftPage),
  received: route('GET', '/me/gifts/received', tag, 'Gifts one has got, the newest first')
    .input(pageInput)
    .output(sentGiftPage),
  sentBy: route('GET', '/admin/users/{id}/gifts/sent', tag, 'Gifts somebody has sent, for admins')
    .input(pageOfUserInput)
    .output(sentGiftPage),
  receivedBy: route('GET', '/admin/users/{id}/gifts/received', tag, 'Gifts somebody has got, for admins')
    .input(pageOfUserInput)
    .output(sentGiftPage),
  returnSent: route('POST', '/admin/gifts/sent/{id}/return', tag, 'Give the coins of a sent gift back')
    .input(byId)
    .output(sentGift),
  sessionLeaderboard: route('GET', '/sessions/{id}/leaderboard', tag, 'Who gave most in a session')
    .input(sessionLeaderboardInput)
    .output(leaderboard),
  userLeaderboard: route('GET', '/users/{id}/leaderboard', tag, 'Who gave most to somebody')
    .input(userLeaderboardInput)
    .output(leaderboard),
  hostsLeaderboard: route('GET', '/leaderboards/hosts', tag, 'Who got most')
    .input(hostsLeaderboardInput)
    .output(leaderboard),
  rebuildLeaderboards: route(
    'POST',
    '/admin/leaderboards/rebuild',
    tag,
    'Make all leaderboards anew from the ledger',
  ).output(leaderboardsRebuilt),
};
