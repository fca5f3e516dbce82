// What packed.cpp asks of a processor: vectors of 16 numbers, and products of a tile's group with rows. avx512.h and
// avx2.h define the same names:
//
//   Floats, Words, Lanes   16 floats (with + - * /), 16 whole numbers, and a choice among 16 places
//   HELD                   how many Floats a loop can keep in registers
//   Block<BITS>            the unsigned values of a tile's group; `times` multiplies them with four inputs at a time
//
// Both make the same operations in the same order, so that results are equal bit for bit on every processor.

#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace {

// Four inputs of a row, as one number that can be spread over a vector.
inline int32_t four(const int8_t* quanta) {
    int32_t word;
    std::memcpy(&word, quanta, sizeof word);
    return word;
}

// The sum of 16 signed bytes. The instruction adds unsigned ones, so they are moved up by 128 each.
inline int32_t added_up(__m128i bytes) {
    const __m128i moved = _mm_xor_si128(bytes, _mm_set1_epi8(-128));
    const __m128i sums = _mm_sad_epu8(moved, _mm_setzero_si128());
    return _mm_cvtsi128_si32(_mm_add_epi32(sums, _mm_unpackhi_epi64(sums, sums))) - 16 * 128;
}

inline float sum(__m256 x) {
    const __m128 fours = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    const __m128 pairs = _mm_add_ps(fours, _mm_movehl_ps(fours, fours));
    return _mm_cvtss_f32(_mm_add_ss(pairs, _mm_movehdup_ps(pairs)));
}

inline float largest(__m256 x) {
    const __m128 fours = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    const __m128 pairs = _mm_max_ps(fours, _mm_movehl_ps(fours, fours));
    return _mm_cvtss_f32(_mm_max_ss(pairs, _mm_movehdup_ps(pairs)));
}

}  // namespace

#ifdef __AVX512VNNI__
#include "avx512.h"
#else
#include "avx2.h"
#endif
