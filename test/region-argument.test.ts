import { describe, expect, test } from 'vitest';
import { ToolError } from '../src/errors.ts';
import { type Box, describeBox, parseRegion } from '../src/region.ts';

/** A picture in which every share below is a different number of pixels. */
const size = { width: 1200, height: 900 };

const box = (left: number, top: number, right: number, bottom: number): Box => ({ left, top, right, bottom });
const named = box(0, 45, 360, 450);

const understood: [text: string, box: Box][] = [
  ['left 0%, top 5%, right 30%, bottom 50%', named],
  ['bottom 50%, right 30%, top 5%, left 0%', named],
  ['LEFT=0% TOP=5% RIGHT=30% BOTTOM=50%', named],
  ['left: 0 %; top: 5 %; right: 30 %; bottom: 50 %', named],
  ['left 0 percent, top 5 percent, right 30 percent, bottom 50 percent', named],
  ['{"left": "0%", "top": "5%", "right": "30%", "bottom": "50%"}', named],
  ['left 0px, top 45px, right 360px, bottom 450px', named],
  ['left 0 pixels top 45 pixels right 360 pixels bottom 450 pixels', named],
  ['left 0%, top 45px, right 360px, bottom 50%', named],
  ['from left 0% to right 30%, from top 5% to bottom 50%', named],
  ['left edge at 0%, top edge at 5%, right edge at 30%, bottom edge at 50%', named],
  ['left 0%, top 5%, width 30%, height 45%', named],
  ['x=0px y=45px w=360px h=405px', named],
  ['x1=0% y1=5% x2=30% y2=50%', named],
  ['right 30%, width 30%, top 5%, bottom 50%', named],
  ['left 0%, right 30%, width 30%, top 5%, bottom 50%', named],
  ['left 12.5%, top 0%, right 37.5%, bottom 100%', box(150, 0, 450, 900)],
  ['left 25%, right 50%', box(300, 0, 600, 900)],
  ['top 60%, bottom 100%', box(0, 540, 1200, 900)],
  ['left 50%, top 0%, right 100.4%, bottom 100%', box(600, 0, 1200, 900)],
  ['left 1199.6px, top 0px, right 1200px, bottom 1px', box(1199, 0, 1200, 1)],
  ['left 0%, top 0%, right 0.01%, bottom 0.01%', box(0, 0, 1, 1)],
  ['top left', box(0, 0, 600, 450)],
  ['top-left corner', box(0, 0, 600, 450)],
  ['the upper left-hand corner of the image', box(0, 0, 600, 450)],
  ['Top Left Quarter', box(0, 0, 600, 450)],
  ['bottom right quadrant', box(600, 450, 1200, 900)],
  ['top right third', box(800, 0, 1200, 300)],
  ['right top third', box(800, 0, 1200, 300)],
  ['bottom third', box(0, 600, 1200, 900)],
  ['lower third of the picture', box(0, 600, 1200, 900)],
  ['left half', box(0, 0, 600, 900)],
  ['the right quarter', box(900, 0, 1200, 900)],
  ['left two thirds', box(0, 0, 800, 900)],
  ['top three-quarters', box(0, 0, 1200, 675)],
  ['bottom', box(0, 450, 1200, 900)],
  ['right side', box(600, 0, 1200, 900)],
  ['center', box(300, 225, 900, 675)],
  ['the centre', box(300, 225, 900, 675)],
  ['middle', box(300, 225, 900, 675)],
  ['top center', box(300, 0, 900, 450)],
  ['middle left', box(0, 225, 600, 675)],
  ['bottom centre third', box(400, 600, 800, 900)],
];

const refused: [text: string, why: RegExp][] = [
  ['0, 5, 30, 50', /without a name/],
  ['[0.1, 0.2, 0.5, 0.6]', /without a name/],
  ['10%,10%,50%,50%', /without a name/],
  ['100x200+30+40', /without a name/],
  ['left 0, top 5, right 30, bottom 50', /whether left 0 is % or px/],
  ['{"left": 0, "top": 5, "right": 30, "bottom": 50}', /% or px/],
  ['bottom 30%', /bottom alone/],
  ['top 30%', /top alone/],
  ['left 0%, top 5%, right 30%', /top alone/],
  ['left 0%, top 0%, width 30%', /top alone/],
  ['the top 30% of the image', /top alone/],
  ['10% from the left', /without a name/],
  ['left 10%, top 10%, right 10%, bottom 10%', /nothing in it/],
  ['left 50%, top 10%, right 20%, bottom 30%', /nothing in it/],
  ['left 0px, top 0px, right 1300px, bottom 450px', /outside the picture, whose width is 1200 px/],
  ['left 0%, top 0%, right 50%, bottom 120%', /outside the picture/],
  ['left -20%, top 0%, right 50%, bottom 50%', /outside the picture/],
  ['left 1.2.3%, right 50%', /outside|number/],
  ['left 10%, left 20%, right 50%', /left twice/],
  ['left 0%, right 30%, width 50%', /do not agree/],
  ['left 0%, right 30%, around the cup', /"around cup"/],
  ['left 0%, top 0%, right 100%, bottom 100%', /whole picture: leave region out/],
  ['everything', /whole picture: leave region out/],
  ['the whole image', /whole picture/],
  ['middle third', /band across/],
  ['center half', /band across/],
  ['left third and right third', /not one box/],
  ['top bottom', /not one box/],
  ['half', /not one box/],
  ['the sky', /not a place/],
  ['background', /not a place/],
  ['', /not a place/],
  ['🙂', /not a place/],
];

describe('region', () => {
  test.for(understood)('"%s" is a box', ([text, expected]) => {
    expect(parseRegion(text, size)).toEqual(expected);
  });

  test.for(refused)('"%s" is refused with what to write instead', ([text, why]) => {
    expect(() => parseRegion(text, size)).toThrow(why);
    expect(() => parseRegion(text, size)).toThrow(expect.objectContaining({ name: 'ToolError', code: 'invalid_argument' }));
    expect(() => parseRegion(text, size)).toThrow(/"left 0%, top 5%, right 30%, bottom 50%"|leave region out/);
  });

  test('whatever is said, the answer is whole pixels inside the picture or a refusal', () => {
    const pieces = [
      'left',
      'top',
      'right',
      'bottom',
      'width',
      'center',
      'third',
      '%',
      'px',
      '-',
      '0',
      '7.5',
      '33',
      '100',
      '999',
      ',',
      '=',
      'Ω',
      '  ',
    ];
    let boxes = 0;
    for (let round = 0, state = 1; round < 20_000; round++) {
      const words = Array.from({ length: 2 + (round % 11) }, () => {
        state = (state * 48271) % 2147483647;
        return pieces[state % pieces.length] ?? '';
      });
      const picture = { width: 1 + (round % 97), height: 1 + (round % 89) };
      try {
        const { left, top, right, bottom } = parseRegion(words.join(round % 2 === 0 ? ' ' : ''), picture);
        expect([left, top, right, bottom].every(Number.isInteger)).toBe(true);
        expect(left >= 0 && left < right && right <= picture.width && top >= 0 && top < bottom && bottom <= picture.height).toBe(true);
        boxes++;
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
      }
    }
    expect(boxes).toBeGreaterThan(100);
  });

  test('a box is described by what it can be given as', () => {
    const described = describeBox(named, size);
    expect(described).toBe('left 0%, top 5%, right 30%, bottom 50% (360×405 px)');
    expect(parseRegion(described.replace(/ \(.*/, ''), size)).toEqual(named);
  });
});
