/* RFC 9162 §2.1: the reference tree of 8 leaves, published proofs, and properties of small trees. */
#include "audit/leaf.h"
#include "audit/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/audit/vectors.h"

#define SMALL 40

static const char *const reference_leaves[8] = {"",
                                                "00",
                                                "10",
                                                "2021",
                                                "3031",
                                                "40414243",
                                                "5051525354555657",
                                                "606162636465666768696a6b6c6d6e6f"};

static const char *const reference_roots[9] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static void reference_hashes(tree_hash out[8])
{
    for (size_t i = 0; i < 8; i++) {
        uint8_t leaf[16];
        const text hex = text_of(reference_leaves[i]);
        assert_int_equal(hex_decode(hex, leaf, hex.size / 2), VELUM_OK);
        leaf_hash(leaf, hex.size / 2, out[i]);
    }
}

/* RFC 9162 §2.1.1. */
static void test_reference_roots(void **state)
{
    tree_hash leaves[8];
    tree_frontier frontier;

    reference_hashes(leaves);
    tree_frontier_clear(&frontier);
    for (size_t size = 0; size <= 8; size++) {
        tree_hash root;
        tree_hash expected;
        assert_int_equal(hex_decode(text_of(reference_roots[size]), expected, 32), VELUM_OK);
        tree_frontier_root(&frontier, root);
        assert_memory_equal(root, expected, 32);
        if (size < 8) {
            tree_frontier_add(&frontier, leaves[size]);
        }
    }
}

static void small_leaves(tree_hash out[SMALL])
{
    for (uint8_t i = 0; i < SMALL; i++) {
        leaf_hash(&i, 1, out[i]);
    }
}

static void root_of(tree_hash *leaves, uint64_t size, tree_hash out)
{
    tree_frontier frontier;

    tree_frontier_clear(&frontier);
    for (uint64_t i = 0; i < size; i++) {
        tree_frontier_add(&frontier, leaves[i]);
    }
    tree_frontier_root(&frontier, out);
}

/* MTH by the recursion of RFC 9162 §2.1.1, another way than the frontier's. */
static void recursive_root(tree_hash *leaves, size_t size, tree_hash out)
{
    size_t k = 1;
    tree_hash left;
    tree_hash right;

    if (size == 1) {
        memcpy(out, leaves[0], 32);
        return;
    }
    while (k * 2 < size) {
        k *= 2;
    }
    recursive_root(leaves, k, left);
    recursive_root(leaves + k, size - k, right);
    tree_node_hash(left, right, out);
}

static void test_frontier_is_the_recursion(void **state)
{
    tree_hash leaves[SMALL];

    small_leaves(leaves);
    for (size_t size = 1; size <= SMALL; size++) {
        tree_hash a;
        tree_hash b;
        root_of(leaves, size, a);
        recursive_root(leaves, size, b);
        assert_memory_equal(a, b, 32);
    }
}

static void test_frontier_keeps_complete_subtrees(void **state)
{
    tree_hash leaves[SMALL];
    tree_frontier frontier;
    tree_frontier by_subtree;

    small_leaves(leaves);
    tree_frontier_clear(&frontier);
    tree_frontier_clear(&by_subtree);
    for (size_t i = 0; i < 32; i++) {
        tree_frontier_add(&frontier, leaves[i]);
        if (i % 8 == 7) {
            tree_hash root;
            root_of(leaves + i - 7, 8, root);
            assert_memory_equal(frontier.complete[3], root, 32);
            tree_frontier_add_subtree(&by_subtree, 3, root);
            assert_int_equal(by_subtree.size, frontier.size);
            tree_hash a;
            tree_hash b;
            tree_frontier_root(&frontier, a);
            tree_frontier_root(&by_subtree, b);
            assert_memory_equal(a, b, 32);
        }
    }
}

/* Every proof holds, and no proof holds with a bit, a hash, an index or a size changed. */
static void test_inclusion_of_all_small_trees(void **state)
{
    tree_hash leaves[SMALL];

    small_leaves(leaves);
    const tree_source source = tree_source_of_hashes(leaves);
    for (uint64_t size = 1; size <= SMALL; size++) {
        tree_hash root;
        root_of(leaves, size, root);
        for (uint64_t index = 0; index < size; index++) {
            tree_proof proof;
            assert_int_equal(tree_prove_inclusion(source, index, size, &proof), VELUM_OK);
            assert_true(tree_inclusion_holds(index, size, leaves[index], &proof, root));
            assert_false(tree_inclusion_holds(index ^ 1, size, leaves[index], &proof, root));
            proof.count++;
            memset(proof.hashes[proof.count - 1], 0, 32);
            assert_false(tree_inclusion_holds(index, size, leaves[index], &proof, root));
            proof.count--;
            if (proof.count > 0) {
                proof.hashes[proof.count - 1][7] ^= 0x10;
                assert_false(tree_inclusion_holds(index, size, leaves[index], &proof, root));
                proof.count--;
                assert_false(tree_inclusion_holds(index, size, leaves[index], &proof, root));
            }
        }
        tree_proof none;
        assert_int_equal(tree_prove_inclusion(source, size, size, &none), VELUM_E_INVALID);
    }
}

static void test_consistency_of_all_small_trees(void **state)
{
    tree_hash leaves[SMALL];

    small_leaves(leaves);
    const tree_source source = tree_source_of_hashes(leaves);
    for (uint64_t to = 1; to <= SMALL; to++) {
        tree_hash to_root;
        root_of(leaves, to, to_root);
        for (uint64_t from = 1; from <= to; from++) {
            tree_hash from_root;
            tree_proof proof;
            root_of(leaves, from, from_root);
            assert_int_equal(tree_prove_consistency(source, from, to, &proof), VELUM_OK);
            assert_true(tree_consistency_holds(from, to, &proof, from_root, to_root));
            from_root[0] ^= 1;
            assert_false(tree_consistency_holds(from, to, &proof, from_root, to_root));
            from_root[0] ^= 1;
            if (proof.count > 0) {
                proof.hashes[0][0] ^= 1;
                assert_false(tree_consistency_holds(from, to, &proof, from_root, to_root));
            }
        }
        tree_proof none;
        assert_int_equal(tree_prove_consistency(source, 0, to, &none), VELUM_E_INVALID);
        assert_int_equal(tree_prove_consistency(source, to + 1, to, &none), VELUM_E_INVALID);
    }
}

/* ---- Published vectors ------------------------------------------------------------------------ */

/* Two consistency vectors have roots of another length: their hash stands for them. */
static bool hash_of(const json_value *object, const char *name, tree_hash out)
{
    const json_value *const value = json_member(object, name);
    uint8_t bytes[256];
    size_t size = 0;

    if (value == NULL || json_kind_of(value) != JSON_TEXT ||
        base64_decode(json_text(value), bytes, sizeof bytes, &size) != VELUM_OK) {
        return false;
    }
    if (size == 0) {
        return false;
    }
    if (size == 32) {
        memcpy(out, bytes, 32);
    } else {
        sha256(bytes, size, out);
    }
    return true;
}

static bool proof_of(const json_value *object, tree_proof *out)
{
    const json_value *const list = json_member(object, "proof");

    out->count = 0;
    if (list == NULL || json_kind_of(list) == JSON_NULL) {
        return true;
    }
    for (size_t i = 0; i < json_count(list); i++) {
        size_t size = 0;
        if (i >= TREE_PROOF_MAX ||
            base64_decode(json_text(json_at(list, i)), out->hashes[i], 32, &size) != VELUM_OK ||
            size != 32) {
            return false;
        }
        out->count++;
    }
    return true;
}

/* A number, which vectors_each_line has put in quotes where 63 bits do not hold it. */
static uint64_t number_of(const json_value *object, const char *name)
{
    const json_value *const value = json_member(object, name);
    uint64_t number = 0;

    assert_non_null(value);
    if (json_kind_of(value) == JSON_INTEGER) {
        return (uint64_t)json_integer(value);
    }
    assert_true(text_parse_u64(json_text(value), &number));
    return number;
}

static void check_inclusion(const json_value *line)
{
    tree_hash leaf;
    tree_hash root;
    tree_proof proof;

    const bool readable =
        hash_of(line, "leafHash", leaf) && hash_of(line, "root", root) && proof_of(line, &proof);
    const bool holds =
        readable && tree_inclusion_holds(number_of(line, "leafIdx"), number_of(line, "treeSize"),
                                         leaf, &proof, root);
    assert_int_equal(holds, !json_bool(json_member(line, "wantErr")));
}

static void check_consistency(const json_value *line)
{
    tree_hash from_root;
    tree_hash to_root;
    tree_proof proof;

    const bool readable = hash_of(line, "root1", from_root) && hash_of(line, "root2", to_root) &&
                          proof_of(line, &proof);
    const bool holds =
        readable && tree_consistency_holds(number_of(line, "size1"), number_of(line, "size2"),
                                           &proof, from_root, to_root);
    assert_int_equal(holds, !json_bool(json_member(line, "wantErr")));
}

static void test_published_inclusion(void **state)
{
    assert_int_equal(vectors_each_line("vectors/audit/merkle/inclusion.jsonl", check_inclusion),
                     98);
}

static void test_published_consistency(void **state)
{
    assert_int_equal(vectors_each_line("vectors/audit/merkle/consistency.jsonl", check_consistency),
                     98);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_roots),
        cmocka_unit_test(test_frontier_is_the_recursion),
        cmocka_unit_test(test_frontier_keeps_complete_subtrees),
        cmocka_unit_test(test_inclusion_of_all_small_trees),
        cmocka_unit_test(test_consistency_of_all_small_trees),
        cmocka_unit_test(test_published_inclusion),
        cmocka_unit_test(test_published_consistency),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return crypto_init() == VELUM_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
