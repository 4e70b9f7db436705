import { expect, test } from 'vitest'
import type { OrgRow, OrgType } from '../api/types.ts'
import { inPaperOrder, ordinalIn } from './order.ts'
import { OrgTree } from './tree.ts'

const org = (id: string, parent: string | null, org_type: OrgType, name = id): OrgRow => ({ id, parent, org_type, name, is_readable: true })

test('Chinese numbers are numbers', () => {
  expect(['第一党小组', '第十党支部', '第十二党小组', '第二十党小组', '第二十三党小组', '第3党小组', '机关党支部'].map(ordinalIn)).toEqual([
    1, 10, 12, 20, 23, 3, undefined,
  ])
})

test('groups stand as they are numbered, not as they are spelled', () => {
  const names = ['第三党小组', '第二党小组', '第十党小组', '第一党小组'].map((name) => ({ id: name, name }))
  expect(inPaperOrder(names).map((one) => one.name)).toEqual(['第一党小组', '第二党小组', '第三党小组', '第十党小组'])
})

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
