import { expect, test } from 'vitest'
import { doubtsOf } from './doubt.ts'
import { queryOf } from './list.ts'

const calm = { cards: 0, without_quorum: 0, vote_faults: 0, at_exactly_half: 0, late: false }

test('doubts stand in the order in which they weigh, late last', () => {
  expect(doubtsOf(calm)).toEqual([])
  expect(doubtsOf({ ...calm, late: true, cards: 2 })).toEqual(['cards', 'late'])
  expect(doubtsOf({ ...calm, vote_faults: 1, at_exactly_half: 1, without_quorum: 1 })).toEqual(['quorum', 'half', 'votes'])
})

test('only conditions that were set are asked for', () => {
  const none = { org: '', month: '', status: 'all', exception: '', text: '  ' } as const
  expect(queryOf(none, null)).toEqual({ limit: 50 })
  expect(queryOf({ ...none, status: 'submitted', exception: 'votes', text: ' 党日 ' }, 'next')).toEqual({
    limit: 50,
    after: 'next',
    status: 'submitted',
    exception: 'votes',
    text: '党日',
  })
})
