import { expect, test } from 'vitest'
import type { OrgRow, OrgType } from '../api/types.ts'
import { OrgTree } from './tree.ts'

const org = (id: string, parent: string | null, org_type: OrgType, name = id): OrgRow => ({ id, parent, org_type, name, is_readable: true })

const tree = new OrgTree([
  org('group', 'branch', 'group'),
  org('branch', 'general', 'branch'),
  org('district', null, 'district'),
  org('township', 'district', 'township'),
  org('general', 'township', 'general_branch'),
])

test('a node stands behind the node above it', () => {
  expect(tree.inOrder.map((row) => row.id)).toEqual(['district', 'township', 'general', 'branch', 'group'])
})

test('the township of a branch is the node below the district, however deep the branch lies', () => {
  expect(tree.townshipOf('branch')?.id).toBe('township')
  expect(tree.townshipOf('group')?.id).toBe('township')
  expect(tree.above('branch').map((row) => row.id)).toEqual(['district', 'township', 'general'])
  expect(tree.branchesBelow('district').map((row) => row.id)).toEqual(['branch'])
})

test('who sees no district sees his part of the tree from its top', () => {
  const part = new OrgTree([org('branch', 'unseen', 'branch')])
  expect(part.inOrder.map((row) => row.id)).toEqual(['branch'])
  expect(part.townshipOf('branch')?.id).toBe('branch')
})

test('nodes side by side stay in the order of the server, never by name', () => {
  const part = new OrgTree([org('d', null, 'district'), org('second', 'd', 'branch', '乙'), org('first', 'd', 'branch', '甲')])
  expect(part.children('d').map((row) => row.name)).toEqual(['乙', '甲'])
})
