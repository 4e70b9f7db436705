/**
 * Which review words the server would take from this person now. The server judges; this only spares people buttons
 * that would be refused.
 */
import type { Role, Status, Verb } from '../api/types.ts'
import { orgs } from '../orgs/tree.ts'
import { session } from '../session/session.ts'

const REVIEWERS: readonly Role[] = ['township_officer', 'district_reviewer', 'district_admin']
const BEFORE_END: readonly Status[] = ['draft', 'planned', 'held', 'submitted', 'returned', 'redo_required', 'reopened']
const REVIEWED: readonly Status[] = ['submitted', 'filed', 'returned', 'redo_required']

const FROM: Readonly<Record<Verb, readonly Status[]>> = {
  submitted: BEFORE_END,
  filed: ['submitted'],
  returned: REVIEWED,
  redo_required: REVIEWED,
  reopened: ['filed', 'voided'],
  voided: BEFORE_END,
}

export function mayReview(verb: Verb, status: Status, org: string): boolean {
  if (!FROM[verb].includes(status) || !session.me) return false
  const path = new Set([...orgs.tree.above(org).map((row) => row.id), org])
  return session.me.posts.some((post) => allows(post.role, verb) && path.has(post.org))
}

function allows(role: Role, verb: Verb): boolean {
  if (verb === 'submitted') return role === 'branch_secretary'
  if (verb === 'voided' && role === 'branch_secretary') return true
  return REVIEWERS.includes(role)
}
